//! Who asks: the cookie of a signed-in person, or the API key of a program.
//!
//! Check-in tokens of servers are no part of this: `rest/checkin.rs` hands them to the use case as they are.

pub mod cookie;
pub mod forms;
pub mod guessing;
pub mod origin;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::actor::Actor;
use domain::error::{Problem, ProblemCode};

use crate::rest::error::ApiError;
use crate::state::AppState;

/// The sign-in token that came with a request, for signing out.
#[derive(Clone)]
pub struct LoginToken(pub String);

/// Finds out who asks and puts the [`Actor`] into the request. A request of nobody goes on without one; one with a
/// wrong key, or one that a browser sends for another site, ends here.
pub async fn identify(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    match find(&state, &mut request).await {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

async fn find(state: &AppState, request: &mut Request) -> Result<(), ApiError> {
    if let Some(value) = request.headers().get(header::AUTHORIZATION) {
        let token = value.to_str().ok().and_then(bearer);
        let found = match token {
            Some(token) => control::api_key::authenticate(&state.plane, token).await?,
            None => None,
        };
        let actor = found.ok_or_else(|| {
            Problem::new(ProblemCode::Unauthenticated, "This API key is not valid. Send `Authorization: Bearer weir_…`.")
        })?;
        request.extensions_mut().insert(actor);
        return Ok(());
    }
    let Some(token) = cookie::token(request.headers(), &state.web) else { return Ok(()) };
    // Before the token is looked at: what another site sends is refused whether or not the sign-in still holds.
    origin::check(request.method(), request.headers(), &state.web)?;
    if let Some(user) = control::login::authenticate(&state.plane, &token).await? {
        request.extensions_mut().insert(Actor::Person { user: user.id, role: user.role });
        request.extensions_mut().insert(LoginToken(token));
    }
    Ok(())
}

/// The token of an `Authorization: Bearer` header.
pub fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The one who asks. A handler that takes it refuses everybody else with 401.
pub struct Caller(pub Actor);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts.extensions.get::<Actor>().cloned().map(Caller).ok_or_else(|| {
            Problem::new(ProblemCode::Unauthenticated, "Sign in, or send an API key as `Authorization: Bearer weir_…`.").into()
        })
    }
}
