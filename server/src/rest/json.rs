//! JSON bodies. What is wrong with one is told by status and JSON pointer: 415 not JSON by its header, 413 too large,
//! 400 not JSON by its text, 422 JSON of the wrong shape.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use domain::error::{Problem, ProblemCode};
use http_body_util::LengthLimitError;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_path_to_error::{Path, Segment};

use crate::rest::error::{ApiError, ApiResult, wrong_field};

/// A JSON body, in and out.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> ApiResult<Self> {
        let bytes = body(request, state).await?;
        parse(&bytes).map(Json)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// The bytes of a body that says it is JSON.
pub async fn body<S: Send + Sync>(request: Request, state: &S) -> ApiResult<Bytes> {
    if !is_json(request.headers()) {
        let detail = "The body has to be JSON: send it with `Content-Type: application/json`.";
        return Err(Problem::new(ProblemCode::UnsupportedMediaType, detail).into());
    }
    raw_body(request, state).await
}

/// The bytes of a body, whatever it says it is.
pub async fn raw_body<S: Send + Sync>(request: Request, state: &S) -> ApiResult<Bytes> {
    Bytes::from_request(request, state)
        .await
        .map_err(|rejection| {
            if is_too_large(&rejection) {
                Problem::new(ProblemCode::TooLarge, "A body has up to 256 KiB.").into()
            } else {
                Problem::new(
                    ProblemCode::BadRequest,
                    "The body ended before it was whole.",
                )
                .into()
            }
        })
}

/// The layers around the handlers wrap the error of the limit in their own.
fn is_too_large(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<LengthLimitError>() {
            return true;
        }
        next = error.source();
    }
    false
}

/// Reads an object.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> ApiResult<T> {
    serde_json::from_slice::<IgnoredAny>(bytes).map_err(|error| not_json(&error))?;
    // A struct could be read from a list too: that is nobody's intent.
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(wrong_field(
            String::new(),
            "wrong_type",
            "The body has to be a JSON object.".to_owned(),
        ));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().clone();
        refused(&path, &error.into_inner())
    })
}

fn refused(path: &Path, error: &serde_json::Error) -> ApiError {
    if !error.is_data() {
        return not_json(error);
    }
    let text = error.to_string();
    // The library adds where it was in the text, which the pointer says better.
    let text = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(text, _)| text);
    let named = |prefix: &str| {
        text.strip_prefix(prefix)
            .and_then(|rest| rest.split('`').next())
            .map(ToOwned::to_owned)
    };
    let mut pointer = pointer(path);
    if let Some(key) = named("missing field `") {
        push(&mut pointer, &key);
        return wrong_field(pointer, "required", "This field is required.".to_owned());
    }
    if let Some(key) = named("unknown field `") {
        // The path may or may not end with the key already.
        if !pointer.ends_with(&escaped(&key)) {
            push(&mut pointer, &key);
        }
        return wrong_field(
            pointer,
            "unknown_field",
            format!("There is no such field: {text}."),
        );
    }
    let code = if text.starts_with("invalid type") {
        "wrong_type"
    } else {
        "invalid"
    };
    wrong_field(pointer, code, format!("This value is wrong: {text}."))
}

fn not_json(error: &serde_json::Error) -> ApiError {
    Problem::new(
        ProblemCode::BadRequest,
        format!("The body is not JSON: {error}."),
    )
    .into()
}

/// RFC 6901.
fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => push(&mut pointer, &index.to_string()),
            Segment::Map { key } => push(&mut pointer, key),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

fn push(pointer: &mut String, key: &str) {
    pointer.push_str(&escaped(key));
}

fn escaped(key: &str) -> String {
    format!("/{}", key.replace('~', "~0").replace('/', "~1"))
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
    else {
        return false;
    };
    let essence = value
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::pool::PoolInput;

    fn problem(text: &str) -> Problem {
        parse::<PoolInput>(text.as_bytes())
            .expect_err("a refusal")
            .0
    }

    #[test]
    fn the_pointer_names_the_wrong_field() {
        for (text, pointer, code) in [
            (r#"{"name": 3}"#, "/name", "wrong_type"),
            (r"{}", "/name", "required"),
            (r#"{"name": "a", "size": 3}"#, "/size", "unknown_field"),
            (
                r#"{"name": "a", "apps": [{"key": "x", "name": "X"}]}"#,
                "/apps/0/program",
                "required",
            ),
            (
                r#"{"name": "a", "apps": [{"key": "x", "name": "X", "program": 1}]}"#,
                "/apps/0/program",
                "wrong_type",
            ),
            ("[]", "", "wrong_type"),
            (r#"["a", "", []]"#, "", "wrong_type"),
            ("3", "", "wrong_type"),
        ] {
            let problem = problem(text);
            assert_eq!(problem.code, ProblemCode::Invalid, "{text}");
            assert_eq!(problem.errors[0].pointer, pointer, "{text}: {problem:?}");
            assert_eq!(problem.errors[0].code, code, "{text}: {problem:?}");
        }
    }

    #[test]
    fn what_is_no_json_is_a_bad_request() {
        let deep = "[".repeat(100_000);
        for text in [
            "",
            "{",
            "{\"name\": \"a\"} x",
            "{'name': 1}",
            deep.as_str(),
            "\u{0}",
        ] {
            assert_eq!(problem(text).code, ProblemCode::BadRequest, "{text:.20}");
        }
    }
}
