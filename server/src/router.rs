//! Every route on one page, grouped by caller, and what all answers have in common.

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;
use leptos::nonce::Nonce;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;

use crate::{assets, ui};

/// The largest request body, in bytes.
const BODY_LIMIT: usize = 256 * 1024;

/// How long a request body may stand still before the request is given up.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// All routes of the process.
pub fn router() -> Router {
    Router::new()
        // Operators
        .route("/livez", get(|| async { "ok" }))
        // Browsers: files of the bundle, then pages; a page also answers for every unknown address.
        .route(assets::ROUTE, get(assets::serve))
        .merge(ui::pages())
        .layer(middleware::from_fn(guard_answer))
        .layer(RequestBodyTimeoutLayer::new(BODY_TIMEOUT))
        .layer(RequestBodyLimitLayer::new(BODY_LIMIT))
}

/// Makes the nonce of this request, hands it to the page, and sets the headers that keep an answer from being framed,
/// sniffed or scripted. A handler that sets such a header itself keeps it.
async fn guard_answer(mut request: Request, next: Next) -> Response {
    let nonce = Nonce::new();
    let policy = content_security_policy(&nonce);
    request.extensions_mut().insert(nonce);
    let mut response = next.run(request).await;

    let headers = response.headers_mut();
    let mut default = |name: HeaderName, value: HeaderValue| {
        headers.entry(name).or_insert(value);
    };
    default(header::CONTENT_SECURITY_POLICY, policy);
    default(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    default(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    default(
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    default(
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    );
    default(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    );
    default(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Nothing from elsewhere, no script without the nonce. `wasm-unsafe-eval` lets the page compile its WASM module.
fn content_security_policy(nonce: &Nonce) -> HeaderValue {
    let policy = format!(
        "default-src 'none'; \
         script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; \
         style-src 'self' 'nonce-{nonce}'; connect-src 'self'; img-src 'self' data:; font-src 'self'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).expect("a nonce is URL-safe base64 and the rest is a constant")
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::StatusCode;
    use tower::ServiceExt;

    use super::*;

    async fn ask(request: Request) -> (StatusCode, axum::http::HeaderMap, String) {
        let response = router()
            .oneshot(request)
            .await
            .expect("a router has no error of its own");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.expect("the body ends");
        (
            parts.status,
            parts.headers,
            String::from_utf8(bytes.to_vec()).expect("text"),
        )
    }

    fn get(path: &str) -> Request {
        Request::builder()
            .uri(path)
            .body(Body::empty())
            .expect("a request")
    }

    #[tokio::test]
    async fn a_page_is_whole_without_any_script() {
        let (status, _, body) = ask(get("/")).await;
        assert_eq!(status, StatusCode::OK);
        assert!(
            body.contains("<h1>Weir keeps pools of remote servers at the right level.</h1>"),
            "{body}"
        );
    }

    #[tokio::test]
    async fn every_script_carries_the_nonce_of_the_header_and_no_two_requests_share_one() {
        let mut seen = Vec::new();
        for _ in 0..2 {
            let (_, headers, body) = ask(get("/")).await;
            let policy = headers[header::CONTENT_SECURITY_POLICY]
                .to_str()
                .expect("ascii")
                .to_owned();
            let nonce = policy
                .split("'nonce-")
                .nth(1)
                .and_then(|rest| rest.split('\'').next())
                .expect("a nonce");
            for script in body.split("<script").skip(1) {
                let tag = script.split('>').next().expect("a tag");
                assert!(tag.contains(&format!("nonce=\"{nonce}\"")), "{tag}");
            }
            assert!(
                !body.contains(" style="),
                "the policy blocks style attributes"
            );
            seen.push(nonce.to_owned());
        }
        assert_ne!(seen[0], seen[1]);
    }

    #[tokio::test]
    async fn an_answer_can_not_be_framed_or_sniffed() {
        for path in ["/", "/livez", "/no-such-page"] {
            let (_, headers, _) = ask(get(path)).await;
            assert_eq!(headers[header::X_FRAME_OPTIONS], "DENY", "{path}");
            assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
            assert_eq!(
                headers["cross-origin-opener-policy"], "same-origin",
                "{path}"
            );
        }
    }

    #[tokio::test]
    async fn an_unknown_address_is_a_page_with_status_404() {
        let (status, _, body) = ask(get("/no-such-page")).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert!(body.contains("<h1>Page not found</h1>"), "{body}");
    }

    #[tokio::test]
    async fn the_theme_of_the_cookie_is_rendered_at_once() {
        let request = Request::builder()
            .uri("/")
            .header(header::COOKIE, "weir_theme=dark")
            .body(Body::empty());
        let (_, _, body) = ask(request.expect("a request")).await;
        assert!(body.contains("data-theme=\"dark\""), "{body}");
    }

    #[tokio::test]
    async fn a_body_that_says_it_is_too_large_is_refused() {
        let request = Request::builder()
            .method("POST")
            .uri("/")
            .header(header::CONTENT_LENGTH, BODY_LIMIT + 1)
            .body(Body::empty());
        let (status, _, _) = ask(request.expect("a request")).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    }
}
