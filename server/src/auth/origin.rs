//! Requests that a browser sends on behalf of another site.
//!
//! The browser says where a request comes from: `Sec-Fetch-Site` has to be `same-origin`; a browser too old to send
//! it has to name Weir's own address in `Origin`. `SameSite` of the cookie is not enough: other hosts of the same
//! domain are the same site.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::error::{Problem, ProblemCode};

use crate::rest::error::ApiError;
use crate::state::{AppState, Web};

const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// Refuses a request that changes something and does not come from Weir's own pages.
///
/// # Errors
/// 403 `cross_site`.
pub fn check(method: &Method, headers: &HeaderMap, web: &Web) -> Result<(), Problem> {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let is_own = match (headers.get(SEC_FETCH_SITE), headers.get(header::ORIGIN)) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => origin == web.origin.as_str(),
        (None, None) => false,
    };
    if is_own {
        return Ok(());
    }
    Err(Problem::new(
        ProblemCode::CrossSite,
        format!(
            "With a cookie, changes are made from Weir's own pages at {}. Programs use an API key.",
            web.origin
        ),
    ))
}

/// The check for every route of browsers, with a cookie or without: somebody else's page does not sign a person in.
pub async fn guard(State(state): State<AppState>, request: Request, next: Next) -> Response {
    match check(request.method(), request.headers(), &state.web) {
        Ok(()) => next.run(request).await,
        Err(problem) => ApiError::from(problem).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    /// Method, headers, and whether it is let through.
    type Row = (Method, &'static [(&'static str, &'static str)], bool);

    #[test]
    fn only_weirs_own_pages_change_things() {
        let web = Web {
            origin: "https://weir.example".into(),
            https: true,
            behind_proxy: false,
            metrics_token: None,
        };
        let table: [Row; 13] = [
            (Method::GET, &[("sec-fetch-site", "cross-site")], true),
            (Method::HEAD, &[], true),
            (Method::POST, &[("sec-fetch-site", "same-origin")], true),
            (Method::POST, &[("sec-fetch-site", "same-site")], false),
            (Method::POST, &[("sec-fetch-site", "cross-site")], false),
            (Method::POST, &[("sec-fetch-site", "none")], false),
            (
                Method::DELETE,
                &[
                    ("sec-fetch-site", "cross-site"),
                    ("origin", "https://weir.example"),
                ],
                false,
            ),
            (Method::POST, &[("origin", "https://weir.example")], true),
            (Method::POST, &[("origin", "http://weir.example")], false),
            (
                Method::POST,
                &[("origin", "https://weir.example:8443")],
                false,
            ),
            (
                Method::POST,
                &[("origin", "https://weir.example.evil.example")],
                false,
            ),
            (Method::POST, &[("origin", "null")], false),
            (Method::PUT, &[], false),
        ];
        for (method, pairs, expected) in table {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                );
            }
            assert_eq!(
                check(&method, &headers, &web).is_ok(),
                expected,
                "{method} {pairs:?}"
            );
        }
    }
}
