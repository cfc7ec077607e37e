//! Tells people who look at something else that what they wait for is there, if they have asked for it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;
use web_sys::js_sys::Reflect;
use web_sys::{Notification, NotificationPermission};

use crate::components::confirm::use_ready;

/// What the button says of itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wish {
    No,
    Yes,
    NotAllowed,
}

/// Whether somebody wants to be told.
#[derive(Clone, Copy)]
pub struct Notify(RwSignal<Wish>);

impl Notify {
    /// Nobody has asked for it yet.
    #[expect(
        clippy::new_without_default,
        reason = "it makes a signal, which belongs to the component that runs"
    )]
    pub fn new() -> Self {
        Self(RwSignal::new(Wish::No))
    }

    /// Shows this text outside of the page, once, if it is wanted.
    pub fn tell(self, text: &str) {
        if self.0.get_untracked() == Wish::Yes {
            self.0.set(Wish::No);
            // Where the browser has changed its mind, the page itself still says it.
            let _ = Notification::new(text);
        }
    }

    /// The button that asks for it: the browser wants a click before it is asked. Without scripts it is not there, and where
    /// the browser has no notifications neither.
    pub fn button(self) -> AnyView {
        let Self(wish) = self;
        let ready = use_ready();
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
                let answered = JsFuture::from(asking).await.is_ok();
                let is_allowed = Notification::permission() == NotificationPermission::Granted;
                // The page may be gone meanwhile.
                let _ = wish.try_set(if answered && is_allowed {
                    Wish::Yes
                } else {
                    Wish::NotAllowed
                });
            });
        };
        view! {
            <div class="actions" hidden=move || !can()>
                <button type="button" class="button" hidden=move || wish.get() != Wish::No on:click=ask>
                    "Tell me when it is ready"
                </button>
                <span role="status" class="muted">
                    {move || match wish.get() {
                        Wish::No => "",
                        Wish::Yes => "You are told when it is ready, as long as this tab stays open.",
                        Wish::NotAllowed => "The browser does not allow notifications from this page.",
                    }}
                </span>
            </div>
        }
        .into_any()
    }
}
