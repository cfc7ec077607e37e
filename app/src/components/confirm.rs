//! A button that asks before it acts.

use leptos::html;
use leptos::prelude::*;

use crate::components::act::{Act, is_again};
use crate::text::{common, confirm as text};

/// A button, and the dialog that it opens. It is disabled until the browser has taken the page over.
#[component]
pub fn Confirm(
    /// The word on the first button.
    label: &'static str,
    /// The question of the dialog.
    #[prop(into)]
    question: String,
    /// What happens then, one or two sentences.
    #[prop(into)]
    consequence: String,
    /// The word on the button that does it.
    action: &'static str,
    /// Does it.
    on_confirm: Callback<()>,
    /// What the button is about, for people who listen, where the page does not make it clear.
    #[prop(optional, into)]
    about: Option<String>,
    /// Whether it asks at all now: where there is nothing to lose, it acts at once.
    #[prop(optional, into)]
    asks: Option<Signal<bool>>,
    /// Whether it waits for something else. Disabled, the button would lose the focus.
    #[prop(optional, into)]
    busy: Signal<bool>,
    /// What else is to be known before, below the consequence.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let open = Callback::new(move |()| {
        if asks.is_some_and(|asks| !asks.get_untracked()) {
            on_confirm.run(());
        } else if let Some(dialog) = dialog.get() {
            // It fails only for a dialog that is open already.
            let _ = dialog.show_modal();
        }
    });
    let close = move || {
        if let Some(dialog) = dialog.get() {
            dialog.close();
        }
    };

    view! {
        <Act label about busy on_press=open />
        <dialog node_ref=dialog class="dialog">
            <h2>{question}</h2>
            <p>{consequence}</p>
            {children.map(|children| children())}
            <div class="actions">
                <button
                    type="button"
                    class="button danger"
                    on:click=move |event| {
                        if !is_again(&event) {
                            close();
                            on_confirm.run(());
                        }
                    }
                >
                    {action}
                </button>
                <button type="button" class="button" on:click=move |_| close()>
                    {common::CANCEL}
                </button>
            </div>
        </dialog>
    }
}

/// The button in the row of a list that deletes the row's thing. `name` is the thing's own, `what` are the question's words for it:
/// `the zone Berlin`.
pub fn delete_button(
    name: &str,
    what: &str,
    action: &'static str,
    consequence: &'static str,
    on_confirm: Callback<()>,
) -> AnyView {
    view! {
        <Confirm
            label=common::DELETE
            about=name.to_owned()
            question=text::delete(what)
            consequence
            action
            on_confirm
        />
    }
    .into_any()
}

/// Whether components begin as they are once the browser has taken the page over; the gallery provides it.
#[cfg(debug_assertions)]
#[derive(Clone, Copy)]
pub struct ReadyAtOnce(pub bool);

/// Whether the browser has taken the page over: false in the first render on both sides.
pub fn use_ready() -> RwSignal<bool> {
    #[cfg(debug_assertions)]
    let is_ready = use_context::<ReadyAtOnce>().is_some_and(|ready| ready.0);
    #[cfg(not(debug_assertions))]
    let is_ready = false;
    let ready = RwSignal::new(is_ready);
    Effect::new(move |_| ready.set(true));
    ready
}
