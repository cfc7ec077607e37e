//! The error of server functions: the domain's [`Problem`], as JSON.

use std::fmt;

use domain::error::{Problem, ProblemCode};

use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use leptos::wasm_split::SplitLoaderError;
use serde::{Deserialize, Serialize};

use super::codec::JsonText;
#[cfg(feature = "ssr")]
use super::refused;
use crate::text::api as text;

/// What a server function answers.
pub type ApiResult<T> = Result<T, ApiError>;

/// A refusal or fault, the same that REST answers with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ApiError(pub Problem);

impl ApiError {
    /// Whether Weir was not reached at all: nothing is known of what was asked.
    pub fn is_unanswered(&self) -> bool {
        self.0.code == ProblemCode::Unavailable && self.0.detail == text::NO_ANSWER
    }
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// In the browser there is no answer whose status could be set.
#[cfg(not(feature = "ssr"))]
fn refused(problem: Problem) -> ApiError {
    ApiError(problem)
}

const NOT_UNDERSTOOD: (ProblemCode, &str) = (ProblemCode::BadRequest, text::NOT_UNDERSTOOD);

/// A part of the bundle that has not come is as good as an answer that has not.
impl From<SplitLoaderError> for ApiError {
    fn from(_: SplitLoaderError) -> Self {
        Self(Problem::new(ProblemCode::Unavailable, text::NO_ANSWER))
    }
}

impl FromServerFnError for ApiError {
    type Encoder = JsonText;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        let (code, detail) = match error {
            ServerFnErrorErr::Request(_) | ServerFnErrorErr::Response(_) => {
                (ProblemCode::Unavailable, text::NO_ANSWER)
            }
            ServerFnErrorErr::Args(_)
            | ServerFnErrorErr::MissingArg(_)
            | ServerFnErrorErr::Serialization(_)
            | ServerFnErrorErr::UnsupportedRequestMethod(_) => NOT_UNDERSTOOD,
            // The server reads calls, the browser answers.
            ServerFnErrorErr::Deserialization(_) if cfg!(feature = "ssr") => NOT_UNDERSTOOD,
            ServerFnErrorErr::Deserialization(_)
            | ServerFnErrorErr::Registration(_)
            | ServerFnErrorErr::ServerError(_)
            | ServerFnErrorErr::MiddlewareError(_) => (ProblemCode::Internal, text::UNREADABLE),
        };
        refused(Problem::new(code, detail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::error::FieldError;

    #[test]
    fn a_problem_arrives_as_it_was_sent() {
        let errors = vec![FieldError::new("name", "required", "Name is missing.")];
        let sent = ApiError(Problem::invalid(errors));
        assert_eq!(ApiError::de(sent.ser()), sent);
    }

    #[test]
    fn what_weir_refuses_is_an_answer() {
        let error = ApiError::from_server_fn_error;
        assert!(error(ServerFnErrorErr::Request("gone".to_owned())).is_unanswered());
        assert!(!error(ServerFnErrorErr::Args("none".to_owned())).is_unanswered());
        let away = Problem::new(ProblemCode::Unavailable, "The database does not answer.");
        assert!(!ApiError(away).is_unanswered());
    }

    #[test]
    fn a_broken_answer_is_a_problem_too() {
        let error = ApiError::de(b"<html>".to_vec().into());
        let on_the_server = cfg!(feature = "ssr");
        assert_eq!(error.0.code == ProblemCode::BadRequest, on_the_server);
        assert_eq!(error.0.code == ProblemCode::Internal, !on_the_server);
    }
}
