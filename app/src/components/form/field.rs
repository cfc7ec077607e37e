//! One field of a form, of whatever kind.

use domain::form::{Choice, Field, Format, Kind, Noun, set_out};
use leptos::prelude::*;
use serde_json::Value;

use super::early::{text_before, tick_before};
use super::side::title;
use super::summary::focus_later;
use super::{FormState, text_of};
use crate::components::time::Time;
use crate::text::{common, form::field as text};

/// A field with its label, help and error; nothing while its condition does not hold.
pub fn field(state: FormState, field: &'static Field) -> AnyView {
    let shown = Memo::new(move |_| state.form.is_shown(field, &state.draft.read()));
    (move || shown.get().then(|| frame(state, field))).into_any()
}

fn frame(state: FormState, field: &'static Field) -> AnyView {
    let error = Memo::new(move |_| state.error_of(field));
    let ids = Ids {
        state,
        field,
        error,
    };
    let error_text = view! {
        <p id=format!("{}-error", state.id_of(field)) class="field-error">
            {move || error.get()}
        </p>
    };
    let is_on = move || state.value(field) == Some(Value::Bool(true));
    match field.kind {
        Kind::Bool => {
            let tick = move |is_on| {
                state.enter(field, Some(Value::Bool(is_on)));
                state.touch(field);
            };
            tick_before(&state.id_of(field), untrack(is_on), tick);
            view! {
            <div class="field">
                <div class="check">
                    <input
                        type="checkbox"
                        id=state.id_of(field)
                        name=field.key
                        disabled=state.is_locked(field)
                        aria-describedby=move || ids.described_by()
                        checked=untrack(is_on)
                        prop:checked=is_on
                        on:change=move |event| tick(event_target_checked(&event))
                    />
                    <label for=state.id_of(field)>{field.label}</label>
                </div>
                {help(state, field)}
                {error_text}
            </div>
            }
            .into_any()
        }
        Kind::Choice(choices) => view! {
            <fieldset class="field" id=state.id_of(field) tabindex="-1" aria-describedby=move || ids.described_by()>
                <legend>{field.label}</legend>
                {help(state, field)}
                <div class="choices">
                    {choices.iter().map(|choice| card(state, field, choice)).collect_view()}
                </div>
                {error_text}
            </fieldset>
        }
        .into_any(),
        _ => {
            let is_required = move || state.form.is_required(field, &state.draft.read());
            view! {
                <div class="field">
                    <div class="field-head">
                        <label for=state.id_of(field)>{field.label}</label>
                        <span class="optional">{move || (!is_required()).then_some(text::OPTIONAL)}</span>
                    </div>
                    {help(state, field)}
                    {field.kind.is_secret().then(|| lost(state, field))}
                    {input(state, field, ids)}
                    {error_text}
                </div>
            }
            .into_any()
        }
    }
}

/// What ties an input to the texts around it.
#[derive(Clone, Copy)]
struct Ids {
    state: FormState,
    field: &'static Field,
    error: Memo<Option<String>>,
}

impl Ids {
    fn described_by(self) -> String {
        let key = self.state.id_of(self.field);
        let mut ids = format!("{key}-help");
        if self.state.is_lost(self.field) {
            ids.insert_str(0, &format!("{key}-lost "));
        }
        if self.error.read().is_some() {
            ids.insert_str(0, &format!("{key}-error "));
        }
        ids
    }

    fn is_invalid(self) -> Option<&'static str> {
        self.error.read().is_some().then_some("true")
    }
}

fn help(state: FormState, field: &'static Field) -> AnyView {
    view! {
        <p id=format!("{}-help", state.id_of(field)) class="help">
            {field.help}
        </p>
    }
    .into_any()
}

fn input(state: FormState, field: &'static Field, ids: Ids) -> AnyView {
    match field.kind {
        Kind::Reference(noun) => select(state, field, ids, Some(noun)),
        _ if state.has_options(field) => select(state, field, ids, None),
        Kind::Secret => secret(state, field, ids, false),
        Kind::SecretMultiline => secret(state, field, ids, true),
        Kind::Multiline { format, .. } => area(state, field, ids, format == Format::StartupScript),
        Kind::Object => object(state, field, ids),
        Kind::List { .. } => area(state, field, ids, false),
        Kind::Int { .. } => line(state, field, ids, true),
        Kind::Text { .. } | Kind::Bool | Kind::Choice(_) => line(state, field, ids, false),
    }
}

/// The text of an input, and what enters another one. What a person types stays as they type it, even where the draft holds it in
/// another form.
fn use_text(
    state: FormState,
    field: &'static Field,
) -> (
    impl Fn() -> String + Copy + Send + 'static,
    impl Fn(&str) + Copy + Send + 'static,
) {
    let entered = |draft: &domain::form::Draft| draft.get(field.key).map(text_of);
    let typed = RwSignal::new(
        state
            .draft
            .with_untracked(|draft| entered(draft).unwrap_or_default()),
    );
    let text = move || {
        let is_entered = state.draft.with(|draft| draft.get(field.key).is_some());
        if is_entered {
            typed.get()
        } else {
            state.value(field).as_ref().map(text_of).unwrap_or_default()
        }
    };
    let enter = move |text: &str| {
        state.type_in(field, text);
        typed.set(text.to_owned());
    };
    text_before(&state.id_of(field), &untrack(text), enter);
    (text, enter)
}

fn line(state: FormState, field: &'static Field, ids: Ids, is_number: bool) -> AnyView {
    let (text, enter) = use_text(state, field);
    let unit = (!field.unit.is_empty()).then(|| view! { <span class="unit">{field.unit}</span> });
    let offers = state.offers.get_value().filter(|_| field.is_offered);
    let list = offers.map(|offers| (offers, format!("{}-list", state.id_of(field))));
    view! {
        <div class="with-unit">
            <input
                type="text"
                id=state.id_of(field)
                name=field.key
                list=list.as_ref().map(|(_, id)| id.clone())
                class=if is_number { "number" } else { "" }
                inputmode=is_number.then_some("numeric")
                autocomplete="off"
                disabled=state.is_locked(field)
                aria-describedby=move || ids.described_by()
                aria-invalid=move || ids.is_invalid()
                value=untrack(text)
                prop:value=text
                on:input=move |event| enter(&event_target_value(&event))
                on:blur=move |_| state.touch(field)
            />
            {unit}
        </div>
        {list.map(|(offers, id)| offers.view(field, id))}
    }
    .into_any()
}

fn area(state: FormState, field: &'static Field, ids: Ids, is_code: bool) -> AnyView {
    let (text, enter) = use_text(state, field);
    text_area(state, field, ids, is_code, text, enter)
}

/// The text of a JSON object, and a button that sets it out. What is no object yet stays as it is, and says why.
fn object(state: FormState, field: &'static Field, ids: Ids) -> AnyView {
    let (text, enter) = use_text(state, field);
    let format = move |_| {
        let before = untrack(text);
        if let Ok(after) = set_out(&before) {
            enter(&after);
        } else if !before.trim().is_empty() {
            state.touch(field);
            focus_later(&state.id_of(field));
        }
    };
    view! {
        {text_area(state, field, ids, true, text, enter)}
        <button
            type="button"
            class="button"
            aria-label=text::format_of(field.label)
            disabled=move || !state.ready.get() || state.is_locked(field)
            on:click=format
        >
            {text::FORMAT}
        </button>
    }
    .into_any()
}

fn text_area(
    state: FormState,
    field: &'static Field,
    ids: Ids,
    is_code: bool,
    text: impl Fn() -> String + Copy + Send + 'static,
    enter: impl Fn(&str) + Copy + Send + 'static,
) -> AnyView {
    view! {
        <textarea
            id=state.id_of(field)
            name=field.key
            class=if is_code { "code" } else { "" }
            rows=if is_code { "12" } else { "4" }
            spellcheck="false"
            disabled=state.is_locked(field)
            aria-describedby=move || ids.described_by()
            aria-invalid=move || ids.is_invalid()
            prop:value=text
            on:input=move |event| enter(&event_target_value(&event))
            on:blur=move |_| state.touch(field)
        >
            {first_content(untrack(text))}
        </textarea>
    }
    .into_any()
}

/// What a `textarea` begins with: of its content the browser takes the first line break away.
fn first_content(text: String) -> String {
    if text.is_empty() {
        text
    } else {
        format!("\n{text}")
    }
}

fn select(state: FormState, field: &'static Field, ids: Ids, noun: Option<Noun>) -> AnyView {
    let is_chosen = move |value: &str| state.value(field).is_some_and(|chosen| chosen == value);
    let option = move |(value, label): (String, String)| {
        let id = value.clone();
        let is_chosen = move || is_chosen(&id);
        view! {
            <option value=value selected=untrack(&is_chosen) prop:selected=is_chosen>
                {label}
            </option>
        }
    };
    let options = move || {
        let options = state.options_now(field);
        let none = match noun {
            Some(noun) if options.is_empty() => text::none_yet(noun.word()),
            None if options.is_empty() => common::NONE.to_owned(),
            _ => text::CHOOSE.to_owned(),
        };
        view! {
            <option value="">{none}</option>
            {options.into_iter().map(option).collect_view()}
        }
    };
    let choose = move |value: &str| {
        state.type_in(field, value);
        state.touch(field);
    };
    let chosen = untrack(|| state.value(field)).as_ref().map(text_of);
    text_before(
        &state.id_of(field),
        &chosen.unwrap_or_default(),
        move |value| {
            // What is not among the options stands as no choice.
            if !value.is_empty() {
                choose(value);
            }
        },
    );
    // What cannot be changed needs nothing new.
    let side = state.side.filter(|_| !state.is_locked(field));
    let new = noun.zip(side).map(|(noun, side)| {
        view! {
            <button type="button" class="button" disabled=move || !state.ready.get() on:click=move |_| side.open(noun)>
                {title(noun)}
            </button>
        }
    });
    view! {
        <div class="with-unit">
            <select
                id=state.id_of(field)
                name=field.key
                disabled=state.is_locked(field)
                aria-describedby=move || ids.described_by()
                aria-invalid=move || ids.is_invalid()
                on:change=move |event| choose(&event_target_value(&event))
                on:blur=move |_| state.touch(field)
            >
                {options}
            </select>
            {new}
        </div>
    }
    .into_any()
}

fn card(state: FormState, field: &'static Field, choice: &'static Choice) -> AnyView {
    let refused = Memo::new(move |_| state.refusal(field, choice.value));
    radio_card(RadioCard {
        id: format!("{}-{}", state.id_of(field), choice.value),
        group: field.key,
        label: choice.label,
        help: Signal::derive(move || refused.get().unwrap_or_else(|| choice.help.to_owned())),
        is_off: Signal::derive(move || refused.get().is_some() || state.is_locked(field)),
        is_chosen: Signal::derive(move || {
            state
                .value(field)
                .is_some_and(|value| value == choice.value)
        }),
        choose: Callback::new(move |()| {
            state.enter(field, Some(Value::from(choice.value)));
            state.touch(field);
        }),
    })
}

/// One of several things to choose from.
pub struct RadioCard {
    /// The id that those of its parts begin with.
    pub id: String,
    /// What all of them have in common.
    pub group: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// What it means, or why it cannot be chosen.
    pub help: Signal<String>,
    /// Whether it cannot be chosen.
    pub is_off: Signal<bool>,
    /// Whether it is the one.
    pub is_chosen: Signal<bool>,
    /// Makes it the one.
    pub choose: Callback<()>,
}

/// A choice with what it means.
pub fn radio_card(card: RadioCard) -> AnyView {
    let RadioCard {
        id,
        group,
        label,
        help,
        is_off,
        is_chosen,
        choose,
    } = card;
    tick_before(&id, is_chosen.get_untracked(), move |is_on| {
        if is_on {
            choose.run(());
        }
    });
    view! {
        <label class="choice">
            <input
                type="radio"
                id=id.clone()
                name=group
                value=id.clone()
                aria-labelledby=format!("{id}-name")
                aria-describedby=format!("{id}-help")
                disabled=move || is_off.get()
                checked=is_chosen.get_untracked()
                prop:checked=move || is_chosen.get()
                on:change=move |_| choose.run(())
            />
            <span class="choice-name" id=format!("{id}-name")>
                {label}
            </span>
            <span class="help" id=format!("{id}-help")>
                {move || help.get()}
            </span>
        </label>
    }
    .into_any()
}

/// Says of a secret that it had been typed in the draft that the form goes on with, until it is typed again or not needed.
fn lost(state: FormState, field: &'static Field) -> AnyView {
    let is_lost = Memo::new(move |_| state.is_lost(field));
    let forget = move |_| {
        state.forget_lost(field);
        focus_later(&state.id_of(field));
    };
    let note = move || {
        view! {
            <div class="banner starting">
                <p id=format!("{}-lost", state.id_of(field))>
                    {text::LOST}
                </p>
                <button
                    type="button"
                    class="button"
                    aria-label=text::not_needed(field.label)
                    disabled=move || !state.ready.get()
                    on:click=forget
                >
                    {text::NOT_NEEDED}
                </button>
            </div>
        }
    };
    (move || is_lost.get().then(note)).into_any()
}

/// A secret is set, kept or replaced; it never comes back from the server.
fn secret(state: FormState, field: &'static Field, ids: Ids, is_long: bool) -> AnyView {
    let Some(set) = state.secret(field) else {
        return secret_input(state, field, ids, is_long);
    };
    let entered = Memo::new(move |_| match state.draft.read().get(field.key) {
        None => Entered::Keep,
        Some(Value::Null) => Entered::Remove,
        Some(_) => Entered::Replace,
    });
    let keep = move |_| state.enter(field, None);
    (move || match entered.get() {
        Entered::Keep => view! {
            <div class="secret">
                <span id=state.id_of(field) tabindex="-1">{text::SET_AT} <Time at=set.set_at /></span>
                <button
                    type="button"
                    class="button"
                    aria-label=text::replace(field.label)
                    disabled=move || !state.ready.get()
                    on:click=move |_| state.enter(field, Some(Value::from("")))
                >
                    {text::REPLACE}
                </button>
                <button
                    type="button"
                    class="button"
                    aria-label=text::remove(field.label)
                    disabled=move || !state.ready.get()
                    on:click=move |_| state.enter(field, Some(Value::Null))
                >
                    {common::REMOVE}
                </button>
            </div>
        }
        .into_any(),
        Entered::Remove => view! {
            <div class="secret">
                <span id=state.id_of(field) tabindex="-1">{text::IS_REMOVED}</span>
                <button type="button" class="button" on:click=keep>
                    {text::KEEP}
                </button>
            </div>
        }
        .into_any(),
        Entered::Replace => view! {
            <div class="secret">
                {secret_input(state, field, ids, is_long)}
                <button type="button" class="button" on:click=keep>
                    {text::KEEP_OLD}
                </button>
            </div>
        }
        .into_any(),
    })
    .into_any()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Entered {
    Keep,
    Remove,
    Replace,
}

fn secret_input(state: FormState, field: &'static Field, ids: Ids, is_long: bool) -> AnyView {
    // An emptied input means "not entered" for a new secret, and stays open for one that is being replaced.
    let is_stored = state.secret(field).is_some();
    let enter = move |text: &str| {
        let value = (is_stored || !text.is_empty()).then(|| Value::from(text));
        state.enter(field, value);
    };
    let text = move || match state.draft.read().get(field.key) {
        Some(Value::String(text)) => text.clone(),
        _ => String::new(),
    };
    text_before(&state.id_of(field), &untrack(text), enter);
    if is_long {
        return view! {
            <textarea
                id=state.id_of(field)
                name=field.key
                class="code"
                rows="6"
                spellcheck="false"
                autocomplete="off"
                aria-describedby=move || ids.described_by()
                aria-invalid=move || ids.is_invalid()
                prop:value=text
                on:input=move |event| enter(&event_target_value(&event))
                on:blur=move |_| state.touch(field)
            ></textarea>
        }
        .into_any();
    }
    view! {
        <input
            type="password"
            id=state.id_of(field)
            name=field.key
            autocomplete="new-password"
            aria-describedby=move || ids.described_by()
            aria-invalid=move || ids.is_invalid()
            prop:value=text
            on:input=move |event| enter(&event_target_value(&event))
            on:blur=move |_| state.touch(field)
        />
    }
    .into_any()
}
