//! Forms as data: a field is described once, and the browser, the server's check, REST, `OpenAPI` and the manual all
//! read that description.
//!
//! A [`Form`] is a const table. What a person types is a [`Draft`]; [`check`] says what is wrong with it, [`Reader`]
//! takes its values out for the one `parse` that a form has, [`schema`] describes the form's document. Conditions are
//! data too, so that both sides of the wire see the same fields.
//!
//! Secrets do not travel with the other values. [`SecretInputs::take_from`] moves them out of a draft before anything
//! else looks at it; from then on a form only knows *which* secrets are set ([`SecretKeys`]), and a stored document
//! holds none.

mod check;
mod draft;
mod json;
mod reader;
mod schema;
mod secrets;

pub use check::{check, check_draft, refusal};
pub use draft::Draft;
pub use json::{JsonFault, read_object, set_out};
pub use reader::Reader;
pub use schema::{schema, view_schema};
pub use secrets::{SecretInput, SecretInputs, SecretKeys};

use crate::id::{LdapConfigId, PoolId, ProviderId, ZoneId};
use serde_json::Value;
use std::fmt::Write as _;

/// A form: its fields in the order of the documentation, and the steps that group them for people.
#[derive(Debug)]
pub struct Form {
    /// Its name in programs.
    pub key: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// The steps, in the order of the wizard.
    pub steps: &'static [Step],
    /// The fields, in the order of tables, REST and the manual. A condition looks at earlier fields only.
    pub fields: &'static [Field],
}

/// A group of fields that is filled in together.
#[derive(Debug)]
pub struct Step {
    /// Its name in programs; [`Field::step`] names it.
    pub key: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What the step is about, one sentence.
    pub about: &'static str,
}

/// One field.
#[derive(Debug)]
pub struct Field {
    /// The key in documents.
    pub key: &'static str,
    /// The step it stands in.
    pub step: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// What it does, one or two sentences.
    pub help: &'static str,
    /// What can be entered.
    pub kind: Kind,
    /// The unit behind a number, for people; empty for none.
    pub unit: &'static str,
    /// What holds if nothing is entered.
    pub default: Preset,
    /// When something has to be entered.
    pub required: Condition,
    /// When the field is there at all.
    pub shown: Condition,
    /// Whether it waits behind "More options".
    pub advanced: bool,
    /// Whether somebody outside can say what can be chosen now, such as the provider that the form is of. Anything else can be
    /// typed all the same.
    pub is_offered: bool,
}

impl Field {
    /// An optional text field that is always there: the base of table rows, which name what differs.
    pub const BASE: Self = Self {
        key: "",
        step: "",
        label: "",
        help: "",
        kind: Kind::Text {
            max: 255,
            format: Format::Free,
        },
        unit: "",
        default: Preset::None,
        required: Condition::Never,
        shown: Condition::Always,
        advanced: false,
        is_offered: false,
    };
}

/// What can be entered in a field.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Yes or no.
    Bool,
    /// A text on one line.
    Text {
        /// The greatest length in characters.
        max: usize,
        /// What it must look like.
        format: Format,
    },
    /// A text of many lines.
    Multiline {
        /// The greatest length in characters.
        max: usize,
        /// What it must look like.
        format: Format,
    },
    /// A secret on one line, up to 1024 characters.
    Secret,
    /// A secret of many lines, such as a private key, up to 16384 characters.
    SecretMultiline,
    /// A whole number.
    Int {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// One of a few words.
    Choice(&'static [Choice]),
    /// The id of something else.
    Reference(Noun),
    /// A JSON object.
    Object,
    /// A list of texts on one line each.
    List {
        /// The greatest number of items.
        max_items: usize,
        /// The greatest length of an item in characters.
        max: usize,
        /// What an item must look like.
        format: Format,
    },
}

impl Kind {
    /// Whether the value is a secret.
    pub const fn is_secret(&self) -> bool {
        matches!(self, Self::Secret | Self::SecretMultiline)
    }

    /// What a text from an input field or a plain form post stands for; none if nothing was entered.
    ///
    /// A text that does not fit the kind stays a text, so that [`check_draft`] can say what is wrong with it. A blank
    /// number stays too: the person emptied it, so the default must not come back behind their back.
    pub fn value_of_text(&self, text: &str) -> Option<Value> {
        let as_text = || Some(Value::from(text));
        match self {
            Self::Bool => match text {
                "true" | "on" => Some(Value::Bool(true)),
                "false" | "off" | "" => Some(Value::Bool(false)),
                _ => as_text(),
            },
            Self::Int { .. } => match text.trim().parse::<i64>() {
                Ok(number) => Some(Value::from(number)),
                Err(_) => as_text(),
            },
            Self::Object if text.trim().is_empty() => None,
            Self::Object => match read_object(text) {
                Ok(members) => Some(Value::Object(members)),
                Err(_) => as_text(),
            },
            Self::List { .. } => {
                let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
                Some(Value::Array(lines.map(Value::from).collect()))
            }
            // Nothing typed into a secret field keeps the secret that is there.
            Self::Choice(_) | Self::Reference(_) | Self::Secret | Self::SecretMultiline
                if text.is_empty() =>
            {
                None
            }
            _ => as_text(),
        }
    }
}

/// What a text must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Anything without control characters.
    Free,
    /// A [`crate::value::Name`].
    Name,
    /// A [`crate::value::Host`].
    Host,
    /// A [`crate::value::Authority`].
    Authority,
    /// A [`crate::value::Dn`].
    Dn,
    /// A [`crate::value::LdapUrl`].
    LdapUrl,
    /// A [`crate::value::SsoDomain`].
    SsoDomain,
    /// A [`crate::startup_script::Script`].
    StartupScript,
}

/// What a reference points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noun {
    /// A pool.
    Pool,
    /// A deployment zone.
    Zone,
    /// A provider config.
    Provider,
    /// An LDAP config.
    LdapConfig,
}

impl Noun {
    /// The prefix of its ids, without the underscore.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Pool => PoolId::PREFIX,
            Self::Zone => ZoneId::PREFIX,
            Self::Provider => ProviderId::PREFIX,
            Self::LdapConfig => LdapConfigId::PREFIX,
        }
    }

    /// The word in texts.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pool => "pool",
            Self::Zone => "deployment zone",
            Self::Provider => "provider config",
            Self::LdapConfig => "LDAP config",
        }
    }
}

/// One word that can be chosen.
#[derive(Debug)]
pub struct Choice {
    /// The word in documents.
    pub value: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// What it means, one sentence.
    pub help: &'static str,
    /// When it cannot be chosen, and why; the first that holds counts.
    pub refused: &'static [Refusal],
}

/// Why a choice cannot be taken now.
#[derive(Debug)]
pub struct Refusal {
    /// When.
    pub when: Condition,
    /// Why, and what to do; one or two sentences.
    pub reason: &'static str,
}

/// What holds if nothing is entered.
#[derive(Clone, Copy, Debug)]
pub enum Preset {
    /// Nothing.
    None,
    /// Yes or no.
    Bool(bool),
    /// A number.
    Int(i64),
    /// A text or the word of a choice.
    Text(&'static str),
    /// An empty JSON object.
    EmptyObject,
    /// A number that depends on the choice made in another field.
    IntBy(&'static str, &'static [(&'static str, i64)]),
}

/// A question about a draft, as data.
#[derive(Clone, Copy, Debug)]
pub enum Condition {
    /// Yes.
    Always,
    /// No.
    Never,
    /// The field is shown and this word is chosen in it.
    Is(&'static str, &'static str),
    /// The field is shown and switched on.
    On(&'static str),
    /// All of them hold.
    All(&'static [Condition]),
    /// At least one holds.
    Any(&'static [Condition]),
    /// It does not hold.
    Not(&'static Condition),
}

impl Condition {
    /// Whether it holds for this draft.
    pub fn holds(&self, form: &Form, draft: &Draft) -> bool {
        let value = |key| {
            form.field(key)
                .filter(|field| form.is_shown(field, draft))
                .and_then(|field| form.value(field, draft))
        };
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Is(key, word) => value(key).is_some_and(|value| value == *word),
            Self::On(key) => value(key) == Some(Value::Bool(true)),
            Self::All(conditions) => conditions.iter().all(|c| c.holds(form, draft)),
            Self::Any(conditions) => conditions.iter().any(|c| c.holds(form, draft)),
            Self::Not(condition) => !condition.holds(form, draft),
        }
    }

    /// The condition in words: "Connection Type is RDP". For help texts, error messages and the manual.
    pub fn words(&self, form: &Form) -> String {
        let label = |key| form.field(key).map_or(key, |field| field.label);
        match self {
            Self::Always => "always".to_owned(),
            Self::Never => "never".to_owned(),
            Self::Is(key, word) => {
                let choice = form.field(key).and_then(|field| field.choice(word));
                let word = choice.map_or(*word, |choice| choice.label);
                format!("{} is {word}", label(key))
            }
            Self::On(key) => format!("{} is on", label(key)),
            Self::Not(Self::On(key)) => format!("{} is off", label(key)),
            Self::All(conditions) => joined(form, conditions, " and "),
            Self::Any(conditions) => joined(form, conditions, " or "),
            Self::Not(condition) => format!("not ({})", condition.words(form)),
        }
    }

    /// Calls `visit` with every key that the condition looks at.
    fn each_key(&self, visit: &mut impl FnMut(&'static str)) {
        match self {
            Self::Always | Self::Never => {}
            Self::Is(key, _) | Self::On(key) => visit(key),
            Self::All(conditions) | Self::Any(conditions) => {
                for condition in *conditions {
                    condition.each_key(visit);
                }
            }
            Self::Not(condition) => condition.each_key(visit),
        }
    }
}

fn joined(form: &Form, conditions: &[Condition], between: &str) -> String {
    let mut words = String::new();
    for (at, condition) in conditions.iter().enumerate() {
        let part = condition.words(form);
        let compound = matches!(condition, Condition::All(_) | Condition::Any(_));
        let _ = match (at, compound) {
            (0, false) => write!(words, "{part}"),
            (0, true) => write!(words, "({part})"),
            (_, false) => write!(words, "{between}{part}"),
            (_, true) => write!(words, "{between}({part})"),
        };
    }
    words
}

impl Field {
    /// The choice with this word.
    pub fn choice(&self, word: &str) -> Option<&'static Choice> {
        match self.kind {
            Kind::Choice(choices) => choices.iter().find(|choice| choice.value == word),
            _ => None,
        }
    }
}

impl Form {
    /// The field with this key.
    pub fn field(&self, key: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.key == key)
    }

    /// The fields of a step, in the form's order.
    pub fn step_fields(&self, step: &str) -> impl Iterator<Item = &'static Field> {
        self.fields.iter().filter(move |field| field.step == step)
    }

    /// The fields whose values are secrets.
    pub fn secret_fields(&self) -> impl Iterator<Item = &'static Field> {
        self.fields.iter().filter(|field| field.kind.is_secret())
    }

    /// Whether the field is there, as far as this draft goes.
    pub fn is_shown(&self, field: &Field, draft: &Draft) -> bool {
        field.shown.holds(self, draft)
    }

    /// Whether something must be entered in the field, as far as this draft goes.
    pub fn is_required(&self, field: &Field, draft: &Draft) -> bool {
        field.required.holds(self, draft)
    }

    /// The value that counts: what was entered, else the default.
    pub fn value(&self, field: &Field, draft: &Draft) -> Option<Value> {
        match draft.get(field.key) {
            Some(value) => Some(value.clone()),
            None => self.preset(field, draft),
        }
    }

    /// The number that counts in a field; none while it is not right.
    pub fn number(&self, key: &str, draft: &Draft) -> Option<u32> {
        let field = self.field(key)?;
        let value = self.value(field, draft)?;
        let is_right = check::value_errors(self, field, &value, draft).is_empty();
        let number = check::whole_number(&value).filter(|_| is_right)?;
        number.try_into().ok()
    }

    /// The default of a field, as far as this draft goes.
    pub fn preset(&self, field: &Field, draft: &Draft) -> Option<Value> {
        self.given(field.default, draft)
    }

    /// What a preset stands for, as far as this draft goes.
    fn given(&self, preset: Preset, draft: &Draft) -> Option<Value> {
        match preset {
            Preset::None => None,
            Preset::Bool(on) => Some(Value::Bool(on)),
            Preset::Int(number) => Some(Value::from(number)),
            Preset::Text(text) => Some(Value::from(text)),
            Preset::EmptyObject => Some(Value::Object(serde_json::Map::new())),
            Preset::IntBy(key, table) => {
                let chosen = self.value(self.field(key)?, draft)?;
                let (_, number) = table.iter().find(|(word, _)| chosen == *word)?;
                Some(Value::from(*number))
            }
        }
    }

    /// The draft of a table of defaults, such as a template; each may look at those before it.
    pub fn draft_of(&self, table: &[(&'static str, Preset)]) -> Draft {
        let mut draft = Draft::new();
        for &(key, preset) in table {
            if let Some(value) = self.given(preset, &draft) {
                draft.set(key, value);
            }
        }
        draft
    }

    /// What is wrong with the table itself; each form's tests ask for it, and wish for nothing.
    pub fn flaws(&self) -> Vec<String> {
        let mut flaws = Vec::new();
        for (at, field) in self.fields.iter().enumerate() {
            let key = field.key;
            let mut flaw = |text: &str| flaws.push(format!("{}.{key}: {text}", self.key));
            let earlier = &self.fields[..at];
            if earlier.iter().any(|other| other.key == key) {
                flaw("the key stands twice");
            }
            if !self.steps.iter().any(|step| step.key == field.step) {
                flaw("its step is not in the form");
            }
            if key.is_empty() || field.label.is_empty() || field.help.is_empty() {
                flaw("it lacks a key, a label or a help text");
            }
            let mut looks_at = |key: &'static str| {
                if !earlier.iter().any(|other| other.key == key) {
                    flaw("a condition or default looks at a field that does not come before it");
                }
            };
            field.shown.each_key(&mut looks_at);
            field.required.each_key(&mut looks_at);
            if let Preset::IntBy(other, _) = field.default {
                looks_at(other);
            }
            if let Kind::Choice(choices) = field.kind {
                for refusal in choices.iter().flat_map(|choice| choice.refused) {
                    refusal.when.each_key(&mut looks_at);
                }
            }
            let draft = Draft::new();
            if let Some(value) = self.preset(field, &draft) {
                for error in check::value_errors(self, field, &value, &draft) {
                    flaw(&format!("its default is refused: {}", error.message));
                }
            }
        }
        flaws
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static BROKEN: Form = Form {
        key: "broken",
        title: "Broken",
        steps: &[Step {
            key: "one",
            title: "One",
            about: "The only step.",
        }],
        fields: &[
            Field {
                key: "a",
                step: "one",
                label: "A",
                help: "Looks ahead.",
                shown: Condition::On("b"),
                ..Field::BASE
            },
            Field {
                key: "b",
                step: "two",
                label: "B",
                help: "Stands in no step.",
                kind: Kind::Bool,
                ..Field::BASE
            },
            Field {
                key: "b",
                step: "one",
                label: "",
                help: "Stands twice and has no label.",
                ..Field::BASE
            },
            Field {
                key: "c",
                step: "one",
                label: "C",
                help: "Its default breaks its bounds.",
                kind: Kind::Int { min: 1, max: 2 },
                default: Preset::Int(3),
                ..Field::BASE
            },
        ],
    };

    #[test]
    fn a_broken_table_is_told() {
        assert_eq!(
            BROKEN.flaws(),
            [
                "broken.a: a condition or default looks at a field that does not come before it",
                "broken.b: its step is not in the form",
                "broken.b: the key stands twice",
                "broken.b: it lacks a key, a label or a help text",
                "broken.c: its default is refused: 1 to 2 is allowed.",
            ]
        );
    }

    #[test]
    fn conditions_in_words() {
        let words = |condition: Condition| condition.words(&crate::autoscale::FORM);
        let rdp = Condition::Is("connection_type", "rdp");
        assert_eq!(words(rdp), "Connection Type is RDP");
        assert_eq!(
            words(Condition::All(&[
                Condition::Any(&[
                    Condition::Is("connection_type", "ssh"),
                    Condition::On("reusable"),
                ]),
                Condition::Not(&Condition::On("use_user_ssh_key")),
            ])),
            "(Connection Type is SSH or Reusable is on) and Use User SSH Key is off"
        );
    }

    #[test]
    fn a_draft_with_defaults_holds_what_is_shown() {
        let draft = Draft::with_defaults(&crate::autoscale::FORM);
        assert_eq!(draft.get("connection_port"), Some(&Value::from(6901)));
        assert_eq!(
            draft.get("downscale_backoff_seconds"),
            Some(&Value::from(900))
        );
        assert_eq!(draft.get("max_simultaneous_users"), None);
        assert_eq!(draft.get("name"), None);
        assert_eq!(draft.only_shown(&crate::autoscale::FORM), draft);
    }
}
