//! Form tables as JSON, for clients that draw their own forms: the same table that the wizard, the checks and the
//! manual read.

use axum::extract::Path;
use domain::autoscale::TEMPLATES;
use domain::error::Problem;
use domain::form::{Condition, Draft, Field, Form, Format, Kind};
use domain::provider::ProviderKind;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::rest::error::ApiResult;
use crate::rest::json::Json;

/// A form.
#[derive(Serialize, ToSchema)]
pub struct FormTable {
    /// Its name in programs.
    pub key: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// The steps, in the order of the wizard.
    pub steps: Vec<StepTable>,
    /// The fields, in the order of the documentation.
    pub fields: Vec<FieldTable>,
    /// What people begin with, if the form has such.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub templates: Vec<TemplateTable>,
}

/// An outcome to begin with: a set of defaults and nothing more.
#[derive(Serialize, ToSchema)]
pub struct TemplateTable {
    /// Its name in programs.
    pub key: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What comes of it.
    pub about: &'static str,
    /// What it fills in, by the keys of the fields.
    #[schema(value_type = std::collections::BTreeMap<String, Value>)]
    pub values: Draft,
}

/// A group of fields that is filled in together.
#[derive(Serialize, ToSchema)]
pub struct StepTable {
    /// Its name in programs.
    pub key: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What the step is about.
    pub about: &'static str,
}

/// A field.
#[derive(Serialize, ToSchema)]
pub struct FieldTable {
    /// The key in documents.
    pub key: &'static str,
    /// The step it stands in.
    pub step: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// What it does.
    pub help: &'static str,
    /// `bool`, `text`, `multiline`, `secret`, `secret_multiline`, `int`, `choice`, `reference`, `object` or `list`.
    pub kind: &'static str,
    /// The unit behind a number; empty for none.
    pub unit: &'static str,
    /// What holds if nothing is entered and nothing else is chosen.
    pub default: Option<Value>,
    /// When something has to be entered, in words.
    pub required: String,
    /// When the field is there at all, in words.
    pub shown: String,
    /// Whether it waits behind "More options".
    pub advanced: bool,
    /// Whether the provider says what can be chosen now: `POST /providers/choices`. Anything else can be entered too.
    pub offered: bool,
    /// The least number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    /// The greatest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
    /// The greatest length in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<usize>,
    /// What a text must look like, if not free.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<&'static str>,
    /// The words to choose from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<ChoiceTable>,
    /// What a reference points at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noun: Option<&'static str>,
}

/// One word that can be chosen.
#[derive(Serialize, ToSchema)]
pub struct ChoiceTable {
    /// The word in documents.
    pub value: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// What it means.
    pub help: &'static str,
    /// When it cannot be chosen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusalTable>,
}

/// Why a word cannot be chosen at times.
#[derive(Serialize, ToSchema)]
pub struct RefusalTable {
    /// When, in words.
    pub when: String,
    /// Why, and what to do.
    pub reason: &'static str,
}

/// A form table: `autoscale`, `ldap`, or the word of a provider kind.
#[utoipa::path(get, path = "/forms/{key}", tag = "forms",
    params(("key" = String, Path, description = "The form's name.", pattern = "^[a-z_]{1,32}$")),
    responses((status = 200, body = FormTable)))]
pub async fn get_form(
    Caller(actor): Caller,
    Path(key): Path<String>,
) -> ApiResult<Json<FormTable>> {
    actor.require_admin()?;
    let form = forms()
        .find(|form| form.key == key)
        .ok_or_else(|| Problem::not_found("form"))?;
    Ok(Json(FormTable::of(form)))
}

/// All forms.
pub fn forms() -> impl Iterator<Item = &'static Form> {
    let kinds = ProviderKind::ALL.into_iter().map(providers::registry::form);
    [&domain::autoscale::FORM, &domain::ldap::FORM]
        .into_iter()
        .chain(kinds)
}

impl FormTable {
    /// The table of a form.
    pub fn of(form: &'static Form) -> Self {
        let steps = form.steps.iter().map(|step| StepTable {
            key: step.key,
            title: step.title,
            about: step.about,
        });
        let fields = form.fields.iter().map(|field| FieldTable::of(form, field));
        let templates = if form.key == domain::autoscale::FORM.key {
            TEMPLATES
        } else {
            &[]
        };
        let templates = templates.iter().map(|template| TemplateTable {
            key: template.key,
            title: template.title,
            about: template.about,
            values: template.draft(),
        });
        Self {
            key: form.key,
            title: form.title,
            steps: steps.collect(),
            fields: fields.collect(),
            templates: templates.collect(),
        }
    }
}

impl FieldTable {
    fn of(form: &'static Form, field: &'static Field) -> Self {
        let mut table = Self {
            key: field.key,
            step: field.step,
            label: field.label,
            help: field.help,
            kind: "",
            unit: field.unit,
            default: form.preset(field, &Draft::new()),
            required: field.required.words(form),
            shown: field.shown.words(form),
            advanced: field.advanced,
            offered: field.is_offered,
            min: None,
            max: None,
            max_length: None,
            format: None,
            choices: Vec::new(),
            noun: None,
        };
        table.kind = match field.kind {
            Kind::Bool => "bool",
            Kind::Text { max, format } => {
                (table.max_length, table.format) = (Some(max), word(format));
                "text"
            }
            Kind::Multiline { max, format } => {
                (table.max_length, table.format) = (Some(max), word(format));
                "multiline"
            }
            Kind::Secret => "secret",
            Kind::SecretMultiline => "secret_multiline",
            Kind::Int { min, max } => {
                (table.min, table.max) = (Some(min), Some(max));
                "int"
            }
            Kind::Choice(choices) => {
                table.choices = choices
                    .iter()
                    .map(|choice| ChoiceTable {
                        value: choice.value,
                        label: choice.label,
                        help: choice.help,
                        refused: choice
                            .refused
                            .iter()
                            .map(|refusal| refused(form, &refusal.when, refusal.reason))
                            .collect(),
                    })
                    .collect();
                "choice"
            }
            Kind::Reference(noun) => {
                table.noun = Some(noun.word());
                "reference"
            }
            Kind::Object => "object",
            Kind::List { max, format, .. } => {
                (table.max_length, table.format) = (Some(max), word(format));
                "list"
            }
        };
        table
    }
}

fn refused(form: &Form, when: &Condition, reason: &'static str) -> RefusalTable {
    RefusalTable {
        when: when.words(form),
        reason,
    }
}

const fn word(format: Format) -> Option<&'static str> {
    match format {
        Format::Free => None,
        Format::Name => Some("name"),
        Format::Host => Some("host"),
        Format::Authority => Some("authority"),
        Format::Dn => Some("dn"),
        Format::LdapUrl => Some("ldap_url"),
        Format::SsoDomain => Some("sso_domain"),
        Format::StartupScript => Some("startup_script"),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::TestApp;

    #[tokio::test]
    async fn a_form_tells_its_templates() {
        let app = TestApp::new().await;
        let form = app.admin("GET", "/forms/autoscale", None).await;
        let templates = form.expect(200).json()["templates"].clone();
        assert_eq!(templates[1]["values"]["connection_type"], "ssh");
        let form = app.admin("GET", "/forms/ldap", None).await;
        assert!(form.expect(200).json().get("templates").is_none());
    }
}
