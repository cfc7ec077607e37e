//! Server functions: what the pages ask of the server. Each is one call to `control` and has a twin in REST, so the
//! pages can do nothing that a program can not.

pub mod api_key;
pub mod audit;
pub mod autoscale;
pub mod codec;
pub mod decision;
pub mod demo;
pub mod deployment;
pub mod draft;
pub mod error;
pub mod ldap_config;
pub mod me;
pub mod orphan;
pub mod pool;
pub mod provider;
pub mod server;
pub mod session;
pub mod ssh_key;
pub mod user;
pub mod zone;

pub use error::{ApiError, ApiResult};

#[cfg(feature = "ssr")]
pub(crate) use ssr::{actor, answer, page_from, plane, refused, whole};

#[cfg(feature = "ssr")]
mod ssr {
    use control::ControlPlane;
    use domain::actor::Actor;
    use domain::error::{Problem, ProblemCode};
    use domain::page::{MAX_LIMIT, PageQuery};
    use leptos::prelude::use_context;

    use super::{ApiError, ApiResult};
    use crate::text::api as text;

    /// The use cases' shared parts, as the process provides them for each request.
    pub fn plane() -> ApiResult<ControlPlane> {
        use_context()
            .ok_or_else(|| refused(Problem::new(ProblemCode::Unavailable, text::NOT_READY)))
    }

    /// The one who asks.
    pub fn actor() -> ApiResult<Actor> {
        use_context()
            .ok_or_else(|| refused(Problem::new(ProblemCode::Unauthenticated, text::SIGN_IN)))
    }

    /// The first page of a list, as long as pages may be.
    pub fn whole() -> PageQuery {
        PageQuery {
            cursor: None,
            limit: Some(MAX_LIMIT),
        }
    }

    /// The page of a list that begins at the cursor; the first, where there is none.
    pub fn page_from(cursor: Option<String>) -> PageQuery {
        PageQuery {
            cursor,
            limit: None,
        }
    }

    /// The answer of a use case as the pages get it. Faults are logged here, once, with their causes.
    pub fn answer<T>(result: control::Result<T>) -> ApiResult<T> {
        result.map_err(|error| {
            let problem = error.problem();
            if error.is_fault() {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a page's call failed"
                );
            }
            refused(problem)
        })
    }

    /// The problem as an error, with its status on the answer: leptos would say 500 to all of them.
    pub fn refused(problem: Problem) -> ApiError {
        set_status(&problem);
        ApiError::from(problem)
    }

    /// A server function answers with the problem's status. A page does so only where the status is about the page
    /// itself: what it shows may be one of several parts.
    fn set_status(problem: &Problem) {
        let is_call = use_context::<http::request::Parts>()
            .is_some_and(|parts| parts.uri.path().starts_with("/ui/fn/"));
        let is_about_page = matches!(
            problem.code,
            ProblemCode::NotFound | ProblemCode::Internal | ProblemCode::Unavailable
        );
        if !is_call && !is_about_page {
            return;
        }
        if let (Some(response), Ok(status)) = (
            use_context::<leptos_axum::ResponseOptions>(),
            http::StatusCode::from_u16(problem.status),
        ) {
            response.set_status(status);
        }
    }
}
