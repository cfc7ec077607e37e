//! What a form sends, to be copied: as the document itself, and as the request that sends it.

use domain::form::{Draft, Form};
use leptos::prelude::*;
use serde_json::Value;

use super::FormState;
use crate::components::copy::Copyable;
use crate::components::table::link;
use crate::text::form::copy_as as text;

/// The answers of a form as a document and as a command. `path` is where the API takes them; `version` the one that is
/// changed, where they change something.
pub fn copy_as(state: FormState, path: String, version: Option<Signal<i64>>) -> AnyView {
    // Only the browser knows by which address people reach Weir.
    let origin = RwSignal::new(String::new());
    Effect::new(move || {
        if let Ok(here) = location().origin() {
            origin.set(here);
        }
    });
    let json = Signal::derive(move || document(state.form, &state.draft.read()));
    let command = Signal::derive(move || {
        let version = version.map(|version| version.get());
        curl(&origin.read(), &path, version, &json.read())
    });
    view! {
        <details>
            <summary>{text::COPY_AS}</summary>
            <p class="muted">
                {text::SECRETS}
                {text::TAKES}
                {link("/admin/api-keys".to_owned(), text::TAKES_API_KEY)}
                {text::TAKES_FROM}
            </p>
            <Copyable text=json what=text::JSON />
            <div hidden=move || origin.read().is_empty()>
                <Copyable text=command what=text::CURL />
            </div>
        </details>
    }
    .into_any()
}

/// The fields that are shown, in the form's order.
fn document(form: &Form, draft: &Draft) -> String {
    let draft = draft.only_shown(form);
    let members = form.fields.iter().filter_map(|field| {
        let value = match draft.get(field.key)? {
            Value::String(_) if field.kind.is_secret() => format!("<{}>", field.label).into(),
            value => value.clone(),
        };
        Some(format!("  {}: {value}", Value::from(field.key)))
    });
    let members: Vec<String> = members.collect();
    format!("{{\n{}\n}}", members.join(",\n"))
}

/// The request for a POSIX shell. In JSON a line break within a text is written as `\n`, so no line of the document ends it.
fn curl(origin: &str, path: &str, version: Option<i64>, document: &str) -> String {
    let (method, seen) = match version {
        Some(version) => ("PUT", format!(" \\\n  -H 'If-Match: \"v{version}\"'")),
        None => ("POST", String::new()),
    };
    format!(
        "curl -sS --fail-with-body -X {method} {origin}/api/v1{path} \\\n  \
         -H \"Authorization: Bearer $WEIR_API_KEY\" \\\n  \
         -H 'Content-Type: application/json'{seen} \\\n  \
         --data-binary @- <<'JSON'\n{document}\nJSON"
    )
}

#[cfg(test)]
mod tests {
    use domain::autoscale::FORM;

    use super::*;

    fn draft() -> Draft {
        Draft::new()
            .with("name", "it's \"one\"\nJSON")
            .with("connection_type", "ssh")
            .with("connection_credential_type", "static")
            .with("connection_username", "desk")
            .with("connection_password", "hunter2")
    }

    #[test]
    fn a_document_is_json_without_secrets() {
        let text = document(&FORM, &draft());
        let read: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(read["name"], "it's \"one\"\nJSON");
        assert_eq!(read["connection_password"], "<Connection Password>");
        assert!(!text.contains("hunter2"), "{text}");
    }

    #[test]
    fn a_secret_that_is_to_go_still_goes() {
        let text = document(&FORM, &draft().with("connection_password", Value::Null));
        let read: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(read.get("connection_password"), Some(&Value::Null));
    }

    #[test]
    fn a_command_makes_or_changes() {
        let text = document(&FORM, &draft());
        let make = curl("https://weir.test", "/autoscale-configs", None, &text);
        assert!(make.starts_with(
            "curl -sS --fail-with-body -X POST https://weir.test/api/v1/autoscale-configs "
        ));
        assert!(!make.contains("If-Match"));
        // The text within the document does not end it.
        assert_eq!(make.lines().filter(|line| *line == "JSON").count(), 1);
        let change = curl(
            "https://weir.test",
            "/autoscale-configs/cfg_1",
            Some(3),
            &text,
        );
        assert!(change.contains("-X PUT https://weir.test/api/v1/autoscale-configs/cfg_1 "));
        assert!(change.contains("-H 'If-Match: \"v3\"'"));
    }
}
