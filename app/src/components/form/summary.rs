//! What is wrong with a form, in one list with links to the fields.

use domain::form::Field;
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use web_sys::HtmlElement;
use web_sys::wasm_bindgen::JsCast;

use super::FormState;
use crate::text::form::summary as text;

/// What the id of the summary ends in, which takes the focus when a form can not be sent.
const ID: &str = "error-summary";

/// The fields of a step (of all, where none is named) that say that something is wrong. `go` brings a field into view
/// before it takes the focus.
pub fn summary(
    state: FormState,
    step: Signal<Option<&'static str>>,
    asked: RwSignal<bool>,
    go: Callback<&'static Field>,
) -> AnyView {
    let errors = Memo::new(move |_| {
        let errors = if asked.get() {
            state.errors_in(step.get())
        } else {
            Vec::new()
        };
        errors
            .into_iter()
            .map(|(field, message)| (field.key, field.label, message))
            .collect::<Vec<_>>()
    });
    (move || {
        let errors = errors.get();
        (!errors.is_empty()).then(|| {
            let head = text::wrong(errors.len());
            let items = errors.into_iter().map(|(key, label, message)| {
                let target = state.form.field(key);
                let jump = move |event: leptos::ev::MouseEvent| {
                    event.prevent_default();
                    if let Some(field) = target {
                        go.run(field);
                        focus_later(&state.id_of(field));
                    }
                };
                let rest = after_label(label, &message);
                view! {
                    <li>
                        <a href=format!("#{}", state.id_with(key)) on:click=jump>
                            {label}
                        </a>
                        {rest}
                    </li>
                }
            });
            view! {
                <div class="banner failed" id=state.id_with(ID) role="alert" tabindex="-1">
                    <p>
                        <strong>{head}</strong>
                    </p>
                    <ul>{items.collect_view()}</ul>
                </div>
            }
        })
    })
    .into_any()
}

/// What stands behind a field's label: a message that begins with it does not say it again.
fn after_label(label: &str, message: &str) -> String {
    match message.strip_prefix(label) {
        Some(rest) if rest.starts_with(' ') => rest.to_owned(),
        _ => format!(": {message}"),
    }
}

/// The secrets that had been typed in a draft and are gone, to be looked at before the form is sent.
pub fn lost_secrets(state: FormState, go: Callback<&'static Field>) -> AnyView {
    let lost = Memo::new(move |_| {
        let is_shown = |field: &&Field| state.form.is_shown(field, &state.draft.read());
        let secrets = state.form.secret_fields().filter(is_shown);
        let lost = secrets.filter(|field| state.is_lost(field));
        lost.map(|field| field.key).collect::<Vec<_>>()
    });
    (move || {
        let fields = lost.get();
        let fields = fields.iter().filter_map(|key| state.form.field(key));
        let items = fields.map(|field| {
            let jump = move |event: leptos::ev::MouseEvent| {
                event.prevent_default();
                go.run(field);
                focus_later(&state.id_of(field));
            };
            view! {
                <li>
                    <a href=format!("#{}", state.id_of(field)) on:click=jump>
                        {field.label}
                    </a>
                </li>
            }
        });
        let items = items.collect::<Vec<_>>();
        (!items.is_empty()).then(|| {
            view! {
                <div class="banner starting">
                    <p>
                        <strong>{text::LOST}</strong>
                    </p>
                    <p>{text::LOST_HELP}</p>
                    <ul>{items}</ul>
                </div>
            }
        })
    })
    .into_any()
}

/// Brings the summary to the person who has just tried to go on.
pub fn focus_summary(state: FormState) {
    focus_later(&state.id_with(ID));
}

/// Brings the field to the person that the address names (`#max_instances`), as links from elsewhere do.
pub fn focus_named(state: FormState) {
    // The address speaks of the page, not of what stands beside it.
    if state.is_beside {
        return;
    }
    let hash = use_location().hash;
    Effect::new(move |_| {
        let named = hash.get();
        if let Some(field) = state.form.field(named.trim_start_matches('#')) {
            focus_later(&state.id_of(field));
        }
    });
}

/// Gives an element the focus once the page has been drawn again.
pub fn focus_later(id: &str) {
    let id = id.to_owned();
    request_animation_frame(move || {
        let element = document().get_element_by_id(&id);
        if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
            // What is folded away can not take it.
            if let Ok(Some(folded)) = element.closest("details:not([open])") {
                let _ = folded.set_attribute("open", "");
            }
            // An element that can not take the focus leaves it where it is.
            let _ = element.focus();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_said_once() {
        assert_eq!(after_label("Name", "Name is missing."), " is missing.");
        assert_eq!(after_label("Name", "Names differ."), ": Names differ.");
        assert_eq!(after_label("Name", "It is taken."), ": It is taken.");
    }
}
