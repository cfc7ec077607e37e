//! Versions of what admins change: `ETag: "v7"` with every answer, `If-Match: "v7"` required with every change.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::error::{Problem, ProblemCode};
use serde::Serialize;
use utoipa::IntoParams;

use crate::rest::error::{ApiError, ApiResult};
use crate::rest::json::Json;

/// The version that a change was decided on.
pub struct IfMatch(pub i64);

/// How [`IfMatch`] looks in the API's description.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "read by the derive alone")]
pub struct IfMatchHeader {
    /// The `ETag` of the version that is changed: `"v<version>"`.
    #[param(
        rename = "If-Match",
        pattern = "^\"v[1-9][0-9]{0,17}\"$",
        example = "\"v1\""
    )]
    if_match: String,
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> ApiResult<Self> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else {
            return Err(Problem::new(
                ProblemCode::VersionRequired,
                "Send the ETag of the version you change as If-Match, so that nobody's change is lost.",
            )
            .into());
        };
        value.to_str().ok().and_then(read).map(Self).ok_or_else(|| {
            Problem::new(
                ProblemCode::VersionMismatch,
                "If-Match names no version. It looks like \"v7\".",
            )
            .into()
        })
    }
}

fn read(text: &str) -> Option<i64> {
    let digits = text.trim().strip_prefix("\"v")?.strip_suffix('"')?;
    digits
        .parse()
        .ok()
        .filter(|version| *version > 0 && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The `ETag` of a version.
pub fn etag(version: i64) -> HeaderValue {
    HeaderValue::try_from(format!("\"v{version}\"")).expect("digits are plain ASCII")
}

/// An answer with the `ETag` of what it shows.
pub fn versioned<T: Serialize>(version: i64, body: T) -> Response {
    let mut response = Json(body).into_response();
    response.headers_mut().insert(header::ETAG, etag(version));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_one_form() {
        assert_eq!(read("\"v7\""), Some(7));
        for text in [
            "v7",
            "\"7\"",
            "W/\"v7\"",
            "*",
            "\"v0\"",
            "\"v-1\"",
            "\"v+1\"",
            "\"v\"",
            "\"v7\", \"v8\"",
            "",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
