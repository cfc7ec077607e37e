//! Tells people, who may look at something else by then, what became of what they wait for, if they have asked for it.

use leptos::ev::MouseEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;
use web_sys::js_sys::Reflect;
use web_sys::{Notification, NotificationPermission};

use crate::components::confirm::use_ready;
use crate::text::notify as text;

/// What the button says of itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Nobody has asked for it.
    No,
    /// Somebody has.
    Yes,
    /// Somebody has, and the browser does not allow it.
    NotAllowed,
}

/// Whether somebody wants to be told.
#[derive(Clone, Copy)]
pub struct Notify {
    wish: RwSignal<Wish>,
    ready: RwSignal<bool>,
}

impl Notify {
    /// Nobody has asked for it yet.
    #[expect(
        clippy::new_without_default,
        reason = "it makes signals, which belong to the component that runs"
    )]
    pub fn new() -> Self {
        Self {
            wish: RwSignal::new(Wish::No),
            ready: use_ready(),
        }
    }

    /// Shows this text outside of the page, once, if it is wanted.
    pub fn tell(self, text: &str) {
        if self.wish.get_untracked() == Wish::Yes {
            self.wish.set(Wish::No);
            // Where the browser has changed its mind, the page itself still says it.
            let _ = Notification::new(text);
        }
    }

    /// The button that asks for it: the browser wants a click before it is asked. Without scripts it is not there, and where
    /// the browser has no notifications neither.
    pub fn button(self) -> AnyView {
        let Self { wish, ready } = self;
        // Where the page is not reached by HTTPS, some browsers leave them out.
        let can = move || {
            ready.get()
                && Reflect::has(&window(), &"Notification".into()).is_ok_and(|is_there| is_there)
        };
        let ask = move |_| {
            let Ok(asking) = Notification::request_permission() else {
                wish.set(Wish::NotAllowed);
                return;
            };
            spawn_local(async move {
                // The answer stands in the permission.
                let _ = JsFuture::from(asking).await;
                let answer = match Notification::permission() {
                    NotificationPermission::Granted => Wish::Yes,
                    NotificationPermission::Denied => Wish::NotAllowed,
                    _ => Wish::No,
                };
                // The page may be gone meanwhile.
                let _ = wish.try_set(answer);
            });
        };
        view! { <div hidden=move || !can()>{offer(wish.into(), ask)}</div> }.into_any()
    }
}

/// The button, or what became of it.
pub fn offer(wish: Signal<Wish>, ask: impl Fn(MouseEvent) + 'static) -> AnyView {
    view! {
        <div class="actions">
            <button type="button" class="button" hidden=move || wish.get() != Wish::No on:click=ask>
                {text::TELL_ME}
            </button>
            <span role="status" class="muted">
                {move || match wish.get() {
                    Wish::No => "",
                    Wish::Yes => text::TOLD,
                    Wish::NotAllowed => text::NOT_ALLOWED,
                }}
            </span>
        </div>
    }
    .into_any()
}
