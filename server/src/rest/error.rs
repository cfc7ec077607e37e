//! How a failure leaves Weir: `application/problem+json` (RFC 9457), whoever found it.

use axum::Json;
use axum::extract::{OriginalUri, Request};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::error::{FieldError, Problem, ProblemCode};

const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// A refused or failed request.
#[derive(Debug)]
pub struct ApiError(pub Problem);

/// What REST handlers return.
pub type ApiResult<T> = Result<T, ApiError>;

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<control::Error> for ApiError {
    /// Here, at the edge, the chain of causes is logged, once.
    fn from(error: control::Error) -> Self {
        if error.is_fault() {
            tracing::error!(error = %chain(&error), "a request failed");
        }
        Self(error.problem())
    }
}

/// A fault that no use case knows: a task that fell over, an answer that cannot be written.
pub fn fault(error: &dyn std::error::Error) -> ApiError {
    tracing::error!(%error, "a request failed");
    Problem::new(
        ProblemCode::Internal,
        "Weir has a fault. Its log says more.",
    )
    .into()
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Self(problem) = self;
        let status =
            StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = problem.retry_after;
        let mut response = (status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, PROBLEM_JSON);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(secs) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(secs));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"weir\""),
            );
        }
        response
    }
}

/// An error and its causes in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// One wrong field, named by its JSON pointer.
pub fn wrong_field(pointer: String, code: &'static str, message: String) -> ApiError {
    ApiError(Problem::invalid(vec![FieldError {
        pointer,
        code: code.into(),
        message,
    }]))
}

/// For a path below `/api` that is none.
pub async fn no_such_path(OriginalUri(uri): OriginalUri) -> ApiError {
    Problem::new(
        ProblemCode::NotFound,
        format!(
            "There is no path {}. /api/openapi.json lists them all.",
            uri.path()
        ),
    )
    .into()
}

/// For a path that does not have this method.
pub async fn no_such_method(method: Method, OriginalUri(uri): OriginalUri) -> ApiError {
    let detail = format!(
        "{} does not have the method {method}. The header Allow lists those it has.",
        uri.path()
    );
    Problem::new(ProblemCode::MethodNotAllowed, detail).into()
}

/// Gives the refusals of the parts around the API's handlers (body limit, time-outs) the same form.
pub async fn as_problem(request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with("/api/");
    let response = next.run(request).await;
    if !is_api {
        return response;
    }
    let status = response.status();
    let is_problem = response.headers().get(header::CONTENT_TYPE) == Some(&PROBLEM_JSON);
    if is_problem || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (code, detail) = match status {
        StatusCode::NOT_FOUND => (ProblemCode::NotFound, "There is no such path."),
        StatusCode::METHOD_NOT_ALLOWED => (
            ProblemCode::MethodNotAllowed,
            "This path does not have this method.",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => (ProblemCode::TooLarge, "A body has up to 256 KiB."),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            (ProblemCode::UnsupportedMediaType, "Send application/json.")
        }
        StatusCode::SERVICE_UNAVAILABLE => (
            ProblemCode::Unavailable,
            "Weir cannot do this at the moment.",
        ),
        status if status.is_client_error() => {
            (ProblemCode::BadRequest, "The request cannot be read.")
        }
        _ => (
            ProblemCode::Internal,
            "Weir has a fault. Its log says more.",
        ),
    };
    let allow = response.headers().get(header::ALLOW).cloned();
    let mut response = ApiError(Problem::new(code, detail)).into_response();
    if let Some(allow) = allow {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}
