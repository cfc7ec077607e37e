//! The first step of a new autoscale config: what it begins with. A template or a copied config fills in fields, and
//! never what has been typed.

use domain::autoscale::{BEGUN_FROM, FORM, SavedConfig, TEMPLATES, Template, copied};
use domain::connection::Protocol;
use domain::form::{Draft, Field};
use leptos::prelude::*;
use serde_json::Value;

use crate::components::form::field::{RadioCard, radio_card};
use crate::components::form::merge::merge;
use crate::components::form::summary::focus_later;
use crate::components::form::wizard::HEADING;
use crate::components::form::{FormState, Settled};
use crate::components::table::facts;
use crate::text::autoscale_start as text;

const CONNECTION_TYPE: &str = "connection_type";

/// What a new config begins with.
#[derive(Clone, Copy)]
pub struct Beginning {
    state: FormState,
    /// What the way here has filled in, before any template.
    given: StoredValue<Draft>,
    /// The configs that can be copied.
    configs: StoredValue<Vec<SavedConfig>>,
    /// The Connection Type that the pool has already.
    settled: StoredValue<Option<Settled>>,
    /// What it begins with, as the draft notes it.
    from: Memo<Option<String>>,
    /// A copy was asked for, and of what is still to be said.
    is_copying: RwSignal<bool>,
    /// Where what was typed stands against what the last choice would fill in.
    kept: RwSignal<Vec<&'static Field>>,
}

impl Beginning {
    /// The form holds what was typed, `given` what the way here has filled in.
    pub fn new(
        state: FormState,
        given: Draft,
        configs: Vec<SavedConfig>,
        settled: Option<Settled>,
    ) -> Self {
        let from = Memo::new(move |_| {
            let draft = state.draft.read();
            let from = draft.get(BEGUN_FROM).and_then(Value::as_str);
            from.map(ToOwned::to_owned)
        });
        Self {
            state,
            given: StoredValue::new(given),
            configs: StoredValue::new(configs),
            settled: StoredValue::new(settled),
            from,
            is_copying: RwSignal::new(false),
            kept: RwSignal::new(Vec::new()),
        }
    }

    /// What it begins with: what the way here and the template have filled in.
    pub fn values(self) -> Signal<Draft> {
        Signal::derive(move || self.begun_from(self.from.get().as_deref()))
    }

    /// The step.
    pub fn view(self) -> AnyView {
        view! {
            <p class="help">{text::HELP}</p>
            <fieldset class="field">
                <legend>{text::BEGIN_WITH}</legend>
                <div class="choices">
                    {TEMPLATES.iter().map(|template| self.template(template)).collect_view()} {self.copy()}
                </div>
            </fieldset>
            {self.copy_of()}
            <div role="status">{move || self.what_was_kept()}</div>
            {move || self.what_is_filled_in()}
        }
        .into_any()
    }

    fn template(self, template: &'static Template) -> AnyView {
        let asked = template.draft();
        let refused = self.settled.get_value().and_then(|settled| {
            let own = asked.get(CONNECTION_TYPE)?;
            (own != settled.value).then_some(settled.reason)
        });
        let is_off = refused.is_some();
        let help = refused.unwrap_or_else(|| template.about.to_owned());
        let is_blank = template.values.is_empty();
        radio_card(RadioCard {
            id: format!("template-{}", template.key),
            group: "template",
            label: template.title,
            help: help.into(),
            is_off: is_off.into(),
            is_chosen: Signal::derive(move || {
                let from = self.from.read();
                let is_it = from.as_deref() == Some(template.key);
                !self.is_copying.get() && (is_it || is_blank && from.is_none())
            }),
            choose: Callback::new(move |()| self.begin(template.key)),
        })
    }

    fn copy(self) -> AnyView {
        let can_copy = !self.can_be_copied().is_empty();
        let help = match self.settled.get_value() {
            _ if can_copy => text::COPY_HELP.to_owned(),
            None => text::NONE_TO_COPY.to_owned(),
            Some(settled) => settled.reason,
        };
        radio_card(RadioCard {
            id: "template-copy".to_owned(),
            group: "template",
            label: text::COPY,
            help: help.into(),
            is_off: (!can_copy).into(),
            is_chosen: Signal::derive(move || self.is_copying.get() || self.copied().is_some()),
            choose: Callback::new(move |()| match self.can_be_copied().as_slice() {
                [(only, _)] => self.begin(only),
                _ => self.is_copying.set(true),
            }),
        })
    }

    /// The list of what can be copied, where a copy is asked for.
    fn copy_of(self) -> AnyView {
        let is_shown = Memo::new(move |_| self.is_copying.get() || self.copied().is_some());
        let option = move |(id, name): (String, String)| {
            let value = id.clone();
            let is_it = move || self.copied().as_deref() == Some(id.as_str());
            view! {
                <option value=value prop:selected=is_it>
                    {name}
                </option>
            }
        };
        let list = move || {
            view! {
                <div class="field">
                    <label for="copy-of">{text::COPY_OF}</label>
                    <select
                        id="copy-of"
                        on:change=move |event| {
                            let id = event_target_value(&event);
                            if !id.is_empty() {
                                self.begin(&id);
                            }
                        }
                    >
                        <option value="">{text::CHOOSE}</option>
                        {self.can_be_copied().into_iter().map(option).collect_view()}
                    </select>
                </div>
            }
        };
        (move || is_shown.get().then(list)).into_any()
    }

    /// What the last choice has left as it was typed, and the way to take it all the same.
    fn what_was_kept(self) -> Option<AnyView> {
        let fields = self.kept.get();
        if fields.is_empty() {
            return None;
        }
        let values = self.begun_from(self.from.get().as_deref());
        let item = |field: &&'static Field| {
            let theirs = self.state.form.value(field, &values);
            let (yours, theirs) = (
                self.state.shown_value(field),
                self.state.shown(field, theirs.as_ref()),
            );
            let label = field.label;
            view! {
                <li>
                    <strong>{label}</strong>
                    {text::kept(&yours, &theirs)}
                </li>
            }
        };
        let take = move |_| {
            let values = self.begun_from(self.from.get_untracked().as_deref());
            let mut draft = self.state.draft.get_untracked();
            for field in self.kept.get_untracked() {
                if let Some(value) = values.get(field.key) {
                    draft.set(field.key, value.clone());
                }
            }
            self.kept.set(Vec::new());
            self.state.fill(draft);
            // The button has gone with the note.
            focus_later(HEADING);
        };
        let view = view! {
            <div class="banner starting">
                <p>
                    <strong>{text::KEPT}</strong>
                </p>
                <ul>{fields.iter().map(item).collect_view()}</ul>
                <div class="actions">
                    <button type="button" class="button" on:click=take>
                        {text::REPLACE}
                    </button>
                </div>
            </div>
        };
        Some(view.into_any())
    }

    /// What the choice fills in, by the fields' names.
    fn what_is_filled_in(self) -> Option<AnyView> {
        let from = self.from.get()?;
        let values = self.filled_in(&from)?;
        let pairs: Vec<_> = FORM
            .fields
            .iter()
            .filter(|field| FORM.is_shown(field, &values))
            .filter_map(|field| {
                let value = values.get(field.key)?;
                let shown = self.state.shown(field, Some(value));
                Some((field.label, shown.into_any()))
            })
            .collect();
        (!pairs.is_empty()).then(|| {
            view! {
                <section aria-labelledby="filled-in">
                    <h3 id="filled-in">{text::FILLED_IN}</h3>
                    {facts(pairs)}
                </section>
            }
            .into_any()
        })
    }

    /// Begins with something else. What was typed stays; what the last choice had filled in goes.
    fn begin(self, from: &str) {
        let mine = self.state.draft.get_untracked();
        let base = self.begun_from(self.from.get_untracked().as_deref());
        let draft = merge(&FORM, &base, &mine, &self.begun_from(Some(from))).values;
        let filled = self.filled_in(from).unwrap_or_default();
        let is_kept = |field: &&Field| {
            let wanted = filled.get(field.key);
            wanted.is_some() && wanted != draft.get(field.key)
        };
        self.is_copying.set(false);
        self.kept.set(FORM.fields.iter().filter(is_kept).collect());
        self.state.fill(draft.with(BEGUN_FROM, from));
    }

    fn begun_from(self, from: Option<&str>) -> Draft {
        let mut values = self.given.get_value();
        let filled = from
            .and_then(|from| self.filled_in(from))
            .unwrap_or_default();
        for key in filled.keys() {
            if let Some(value) = filled.get(key) {
                values.set(key, value.clone());
            }
        }
        values
    }

    /// What a template or a copy fills in; none where it is not there any more.
    fn filled_in(self, from: &str) -> Option<Draft> {
        if let Some(template) = Template::with_key(from) {
            return Some(template.draft());
        }
        let configs = self.configs.read_value();
        let config = configs
            .iter()
            .find(|config| config.id.to_string() == from)?;
        Some(copied(&config.values))
    }

    /// The id of the config that it is a copy of.
    fn copied(self) -> Option<String> {
        self.from
            .get()
            .filter(|from| Template::with_key(from).is_none())
    }

    /// The ids and names of configs that the pool can have too.
    fn can_be_copied(self) -> Vec<(String, String)> {
        let word = |config: &SavedConfig, key| {
            let value = config.values.get(key).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        let settled = self.settled.get_value();
        self.configs
            .read_value()
            .iter()
            .filter(|config| {
                settled
                    .as_ref()
                    .is_none_or(|settled| word(config, CONNECTION_TYPE) == settled.value)
            })
            .map(|config| (config.id.to_string(), word(config, "name")))
            .collect()
    }
}

/// The Connection Type of a pool that has one already.
pub fn settled_type(protocol: Protocol) -> Settled {
    let value = protocol.as_str();
    let choice = FORM
        .field(CONNECTION_TYPE)
        .and_then(|field| field.choice(value));
    let word = choice.map_or(value, |choice| choice.label);
    Settled {
        key: CONNECTION_TYPE,
        value,
        reason: text::settled(word),
    }
}
