//! The API's description (`/api/openapi.json`) and its browsable page (`/docs/api`).
//!
//! Paths and most schemas are derived beside the handlers. Three things are added here: the bodies of forms, from
//! their tables; the refusals that an operation can answer because of what it takes (a path, a body, a version); and
//! how callers prove who they are.

use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use domain::error::{Problem, ProblemCode};
use domain::form::{Form, schema, view_schema};
use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi as Document;
use utoipa::{OpenApi, PartialSchema, ToSchema};

use crate::rest::checkin;
use crate::rest::error::ApiError;

/// Where the description is served.
pub const PATH: &str = "/api/openapi.json";

/// What is common to all operations.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Weir",
        description = "Keeps pools of remote servers at the right level. Every refusal is a problem (RFC 9457) with a \
                       stable `code`. Changes of configuration name the version they change by `If-Match`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    components(schemas(Problem, ProblemCode))
)]
pub struct Api;

/// The keys of the form `autoscale` as a request sends them.
pub struct AutoscaleConfigDocument;

/// The keys of the form `ldap` as a request sends them.
pub struct LdapConfigDocument;

macro_rules! named_by_form {
    ($($name:ident)*) => { $(
        impl PartialSchema for $name {
            /// Replaced by the form's own schema in [`finish`].
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::schema::Object::new().into()
            }
        }

        impl ToSchema for $name {}
    )* };
}

named_by_form! { AutoscaleConfigDocument LdapConfigDocument }

/// The whole description, from what the routes have gathered.
pub fn finish(gathered: &Document) -> Result<Value, serde_json::Error> {
    let mut document = serde_json::to_value(gathered)?;
    add_bounds(&mut document);
    flatten(&mut document);
    name_page_items(&mut document);
    add_forms(&mut document);
    add_problems(&mut document);
    add_security(&mut document);
    for (path, operations) in members(&mut document, "/paths") {
        for (method, operation) in operations.as_object_mut().into_iter().flatten() {
            add_refusals(path, method, operation);
        }
    }
    add_links(&mut document);
    Ok(document)
}

/// `GET /api/openapi.json`.
pub async fn serve(axum::Extension(text): axum::Extension<Description>) -> Response {
    (
        [
            (header::CONTENT_TYPE, "application/json"),
            (header::CACHE_CONTROL, "no-cache"),
        ],
        text.0,
    )
        .into_response()
}

/// The description as it is sent.
#[derive(Clone, Copy)]
pub struct Description(pub &'static str);

/// `GET /docs` and `/docs/api`: the page lives in a folder, as its own links are relative.
pub async fn page_folder() -> Redirect {
    Redirect::permanent("/docs/api/")
}

/// The files of the browsable page. It styles itself by attributes, which the rest of Weir does not allow.
pub async fn page(path: Option<Path<String>>) -> Response {
    let path = path.map(|Path(path)| path).unwrap_or_default();
    let config = utoipa_swagger_ui::Config::from(PATH).try_it_out_enabled(false);
    match utoipa_swagger_ui::serve(&path, config.into()) {
        Ok(Some(file)) => {
            let policy = HeaderValue::from_static(
                "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                 connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
            );
            let mut response = (
                [(header::CONTENT_TYPE, file.content_type)],
                file.bytes.into_owned(),
            )
                .into_response();
            response
                .headers_mut()
                .insert(header::CONTENT_SECURITY_POLICY, policy);
            response
        }
        Ok(None) => ApiError::from(Problem::not_found("page")).into_response(),
        Err(error) => {
            tracing::error!(%error, "the page of the API could not be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn members<'a>(
    document: &'a mut Value,
    pointer: &str,
) -> impl Iterator<Item = (&'a String, &'a mut Value)> {
    document
        .pointer_mut(pointer)
        .and_then(Value::as_object_mut)
        .into_iter()
        .flat_map(|map| map.iter_mut())
}

/// One line with something to see on it: what names and short texts have to be.
const ONE_LINE: &str = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$";

/// What the use cases check and derived schemas cannot say. A test compares the keys.
fn bounds() -> Vec<(&'static str, &'static str, Value)> {
    let name = || json!({ "pattern": ONE_LINE });
    vec![
        ("ZoneInput", "name", name()),
        ("PoolInput", "name", name()),
        ("ProviderInput", "name", name()),
        ("ApiKeyInput", "name", name()),
        ("SshKeyInput", "name", name()),
        ("FixedServerInput", "name", name()),
        ("PublishedApp", "name", name()),
        ("PublishedApp", "program", name()),
        ("FixedServerInput", "port", json!({ "maximum": 65_535 })),
        (
            "FixedServerInput",
            "username",
            json!({ "minLength": 1, "maxLength": 255, "pattern": ONE_LINE }),
        ),
        ("FixedServerInput", "host_key", json!({ "maxLength": 8192 })),
        (
            "SeatLimits",
            "max_sessions",
            json!({ "minimum": 1, "maximum": 1000 }),
        ),
        (
            "SeatLimits",
            "max_users",
            json!({ "minimum": 1, "maximum": 1000 }),
        ),
        (
            "UserInput",
            "password",
            json!({ "type": ["string", "null"], "oneOf": null, "minLength": 12, "maxLength": 256, "writeOnly": true }),
        ),
        (
            "CheckinReport",
            "status_message",
            json!({ "maxLength": 65_536 }),
        ),
    ]
}

fn add_bounds(document: &mut Value) {
    for (schema, key, more) in bounds() {
        let property = &mut document["components"]["schemas"][schema]["properties"][key];
        let (Some(property), Some(more)) = (property.as_object_mut(), more.as_object()) else {
            continue;
        };
        for (word, value) in more {
            if value.is_null() {
                property.remove(word);
            } else {
                property.insert(word.clone(), value.clone());
            }
        }
    }
}

/// A struct that is laid flat into another keeps its "no other members", which would refuse the outer one's.
fn flatten(document: &mut Value) {
    let schemas = document["components"]["schemas"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    for (_, schema) in members(document, "/components/schemas") {
        let Some(parts) = schema.get("allOf").and_then(Value::as_array) else {
            continue;
        };
        let target = |part: &Value| {
            part["$ref"]
                .as_str()
                .and_then(|name| name.rsplit('/').next())
                .and_then(|name| schemas.get(name))
        };
        let closed = |part: &Value| {
            target(part).is_some_and(|target| target["additionalProperties"] == false)
        };
        if !parts.iter().any(closed) {
            continue;
        }
        let parts: Vec<Value> = parts
            .iter()
            .map(|part| match target(part) {
                Some(inner) if closed(part) => {
                    let mut open = inner.clone();
                    if let Some(open) = open.as_object_mut() {
                        open.remove("additionalProperties");
                        open.remove("description");
                    }
                    open
                }
                _ => part.clone(),
            })
            .collect();
        schema["allOf"] = Value::Array(parts);
    }
}

/// The items of `Page_X` are X, said once.
fn name_page_items(document: &mut Value) {
    for (name, schema) in members(document, "/components/schemas") {
        if let Some(item) = name.strip_prefix("Page_") {
            schema["properties"]["items"]["items"] =
                json!({ "$ref": format!("#/components/schemas/{item}") });
        }
    }
}

/// Bodies of forms: what is sent, and what is answered.
fn add_forms(document: &mut Value) {
    let Some(schemas) = document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut)
    else {
        return;
    };
    for (form, sent, answered) in [
        (
            &domain::autoscale::FORM,
            "AutoscaleConfigDocument",
            "SavedConfig",
        ),
        (&domain::ldap::FORM, "LdapConfigDocument", "SavedLdapConfig"),
    ] {
        schemas.insert(sent.to_owned(), schema(form));
        if let Some(saved) = schemas.get_mut(answered) {
            *saved = with_values(form, saved);
        }
    }
}

/// The derived schema of a saved document says "any key" where the form's values are laid flat into it.
fn with_values(form: &Form, derived: &Value) -> Value {
    let mut own = derived.clone();
    if let Some(parts) = derived.get("allOf").and_then(Value::as_array) {
        own = parts
            .iter()
            .find(|part| part.get("properties").is_some())
            .cloned()
            .unwrap_or_else(|| json!({}));
        own["description"] = derived["description"].clone();
    }
    let mut merged: Map<String, Value> = own["properties"].as_object().cloned().unwrap_or_default();
    merged.remove("values");
    if let Some(values) = view_schema(form)["properties"].as_object() {
        merged.extend(values.clone());
    }
    own["type"] = json!("object");
    own["properties"] = Value::Object(merged);
    if let Some(required) = own.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|key| key != "values");
    }
    if let Some(own) = own.as_object_mut() {
        own.remove("additionalProperties");
        own.remove("propertyNames");
    }
    own
}

fn add_security(document: &mut Value) {
    document["components"]["securitySchemes"] = json!({
        "api_key": {
            "type": "http", "scheme": "bearer", "bearerFormat": "weir_<id>_<secret>",
            "description": "An API key, made under API keys or by `weir api-key create`."
        },
        "checkin_token": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "A server's own check-in token, as its start-up script gets it."
        }
    });
    document["security"] = json!([{ "api_key": [] }]);
}

/// The refusals that many operations share, each once.
const REFUSALS: [(&str, &str); 11] = [
    ("400", "The request is not JSON."),
    ("401", "No key, or one that is not valid."),
    ("403", "Not allowed with this role."),
    ("404", "There is no such thing for you."),
    (
        "409",
        "The first request with this `Idempotency-Key` has not ended yet, or was cut off before its answer.",
    ),
    ("412", "Changed by somebody else meanwhile."),
    ("413", "The body is too large."),
    ("415", "The body is not said to be JSON."),
    ("422", "Some fields are wrong; `errors` names them."),
    ("428", "`If-Match` is missing."),
    (
        "503",
        "The database does not answer. Where you have changed something, look whether it was done before you try again.",
    ),
];

fn component(status: &str) -> String {
    format!("Refused{status}")
}

fn add_problems(document: &mut Value) {
    for (status, description) in REFUSALS {
        document["components"]["responses"][component(status)] = problem(description);
    }
}

fn problem(description: &str) -> Value {
    json!({
        "description": description,
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } }
    })
}

/// What an operation refuses because of what it takes.
fn add_refusals(path: &str, method: &str, operation: &mut Value) {
    let parameters = operation["parameters"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let has = |place: &str| parameters.iter().any(|parameter| parameter["in"] == place);
    let named = |name: &str| parameters.iter().any(|parameter| parameter["name"] == name);
    let mut statuses = vec!["401", "503"];
    if operation["tags"][0] == "check-in" {
        // Two reports of one server at the same moment.
        statuses.push("412");
        operation["responses"]["410"] = problem("The server is gone.");
        operation["responses"]["429"] =
            problem("More than one report a second; `Retry-After` says when to go on.");
    } else {
        statuses.push("403");
    }
    if has("path")
        || path.ends_with("/decisions")
        || path.ends_with("/me")
        || path.ends_with("/plan")
        || named("config_id")
    {
        statuses.push("404");
    }
    if operation.get("requestBody").is_some() {
        statuses.extend(["400", "413", "422"]);
        if path != checkin::COMPATIBLE_PATH {
            statuses.push("415");
        }
    }
    // What is restored is judged anew, as if it were sent.
    if has("query") || method == "delete" || path.ends_with("/restore") {
        statuses.push("422");
    }
    if named("If-Match") {
        statuses.extend(["412", "428"]);
    }
    if named("Idempotency-Key") {
        statuses.push("409");
    }
    for status in statuses {
        let responses = &mut operation["responses"];
        if responses.get(status).is_none() {
            responses[status] =
                json!({ "$ref": format!("#/components/responses/{}", component(status)) });
        }
    }
}

/// What can be done with something that was just made: every operation below its own path.
fn add_links(document: &mut Value) {
    let paths = document["paths"].as_object().cloned().unwrap_or_default();
    for (path, operations) in members(document, "/paths") {
        let own = format!("{path}/{{id}}");
        let below = paths
            .iter()
            .filter(|(path, _)| **path == own || path.starts_with(&format!("{own}/")))
            .flat_map(|(_, operations)| operations.as_object().into_iter().flatten())
            .filter_map(|(_, operation)| link(operation));
        let links: Map<String, Value> = below.collect();
        if links.is_empty() {
            continue;
        }
        for status in ["201", "202"] {
            if let Some(made) = operations.pointer_mut(&format!("/post/responses/{status}")) {
                made["links"] = Value::Object(links.clone());
            }
        }
    }
}

fn link(operation: &Value) -> Option<(String, Value)> {
    let name = operation["operationId"].as_str()?;
    let mut parameters = json!({ "path.id": "$response.body#/id" });
    let wanted = operation["parameters"].as_array();
    if wanted.is_some_and(|wanted| wanted.iter().any(|wanted| wanted["name"] == "If-Match")) {
        parameters["header.If-Match"] = json!("$response.header.ETag");
    }
    let link = json!({ "operationId": name, "parameters": parameters });
    Some((name.to_owned(), link))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::error::ProblemCode;

    use super::*;

    /// The description, without any database.
    fn description() -> Value {
        crate::router::description().expect("the description can be written")
    }

    #[test]
    fn the_description_is_the_one_in_the_docs() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
        let text = serde_json::to_string_pretty(&description()).expect("JSON") + "\n";
        if std::env::var_os("WEIR_UPDATE_SNAPSHOTS").is_some() {
            std::fs::write(path, &text).expect("the file can be written");
        }
        let known = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            known == text,
            "the API has changed: look at it, then run this test with WEIR_UPDATE_SNAPSHOTS=1"
        );
    }

    #[test]
    fn closed_lists_are_described_by_the_words_that_are_sent() {
        let document = description();
        let words = |name: &str| document["components"]["schemas"][name]["enum"].clone();
        assert_eq!(words("Reason"), json!(domain::plan::Reason::ALL));
        assert_eq!(words("ProblemCode"), json!(ProblemCode::ALL));
    }

    #[test]
    fn forms_are_described_by_their_tables() {
        let document = description();
        for (form, sent, answered) in [
            (
                &domain::autoscale::FORM,
                "AutoscaleConfigDocument",
                "SavedConfig",
            ),
            (&domain::ldap::FORM, "LdapConfigDocument", "SavedLdapConfig"),
        ] {
            let keys = |name: &str| -> BTreeSet<String> {
                let schema = &document["components"]["schemas"][name]["properties"];
                schema.as_object().expect(name).keys().cloned().collect()
            };
            let all: BTreeSet<String> = form
                .fields
                .iter()
                .map(|field| field.key.to_owned())
                .collect();
            let open: BTreeSet<String> = form
                .fields
                .iter()
                .filter(|field| !field.kind.is_secret())
                .map(|field| field.key.to_owned())
                .collect();
            assert_eq!(keys(sent), all);
            assert!(keys(answered).is_superset(&open), "{answered}");
            assert!(
                keys(answered).contains("secrets") && keys(answered).contains("version"),
                "{answered}"
            );
            assert!(
                form.secret_fields()
                    .all(|field| !keys(answered).contains(field.key)),
                "{answered}"
            );
        }
    }

    #[test]
    fn bounds_are_set_on_members_that_exist() {
        let document = description();
        for (schema, key, _) in bounds() {
            assert!(
                document["components"]["schemas"][schema]["properties"][key]["description"]
                    .is_string()
                    || key == "password",
                "{schema} {key}"
            );
        }
    }

    #[test]
    fn inputs_refuse_unknown_members_and_every_operation_says_what_it_refuses() {
        let document = description();
        for (name, schema) in document["components"]["schemas"]
            .as_object()
            .expect("schemas")
        {
            if name.ends_with("Input") || name.ends_with("Document") || name == "SessionRequest" {
                assert_eq!(schema["additionalProperties"], false, "{name}");
            }
        }
        let mut names = BTreeSet::new();
        for (path, operations) in document["paths"].as_object().expect("paths") {
            for (method, operation) in operations.as_object().expect("operations") {
                let what = format!("{method} {path}");
                let id = operation["operationId"].as_str().expect(&what);
                assert!(names.insert(id.to_owned()), "{id} twice");
                assert!(
                    operation["summary"].is_string() || operation["description"].is_string(),
                    "{what}"
                );
                assert!(operation["responses"]["401"].is_object(), "{what}");
                let text = operation.to_string();
                assert!(!text.contains("[`"), "a link of the code in {what}");
            }
        }
    }
}
