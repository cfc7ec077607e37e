//! What pages send as plain forms, so that signing in, setting up, launching and ending work without WASM. Each answer
//! is a redirect; a refusal comes back to the page as `?error=<code>`, with `&field=<key>` where one field is wrong.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use axum::Form;
use axum::extract::{ConnectInfo, FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use control::login::Login;
use domain::actor::{Actor, Role};
use domain::deployment::Deployment;
use domain::error::{Problem, ProblemCode};
use domain::id::{PoolId, SessionId};
use domain::secret::Secret;
use domain::session::{Session, SessionKind, SessionRequest};
use serde::Deserialize;

use super::{LoginToken, cookie};
use crate::rest::error::{ApiError, fault};
use crate::rest::session::rdp_answer;
use crate::state::AppState;

/// The fields of the sign-in page.
#[derive(Deserialize)]
pub struct SignIn {
    name: String,
    password: Secret,
    /// Where to go afterwards, a path of ours.
    #[serde(default)]
    next: Option<String>,
}

/// `POST /ui/login`.
pub async fn sign_in(
    State(state): State<AppState>,
    peer: Peer,
    Form(form): Form<SignIn>,
) -> Response {
    let (now, address) = (state.plane.now(), peer.0);
    let login = match state.guessing.admit(&form.name, address, now) {
        Ok(()) => control::login::sign_in(&state.plane, &form.name, &form.password)
            .await
            .map_err(ApiError::from),
        Err(problem) => Err(problem.into()),
    };
    match login {
        Ok(login) => {
            state.guessing.forgive(&form.name);
            let next = form.next.filter(|next| is_own_path(next));
            let next = next.unwrap_or_else(|| home(login.user.role).to_owned());
            signed_in(&state, &login, &next)
        }
        Err(ApiError(problem)) => {
            if problem.code == ProblemCode::Unauthenticated {
                state.guessing.refused(&form.name, address, now);
            }
            let back = form.next.filter(|next| is_own_path(next));
            let next = back
                .map(|next| format!("&next={}", encoded(&next)))
                .unwrap_or_default();
            refused("/login?", &problem, &next)
        }
    }
}

/// `POST /ui/logout`.
pub async fn sign_out(
    State(state): State<AppState>,
    token: Option<axum::Extension<LoginToken>>,
) -> Response {
    if let Some(axum::Extension(LoginToken(token))) = token
        && let Err(error) = control::login::sign_out(&state.plane, &token).await
    {
        // The sign-in would still hold: saying "signed out" would be wrong.
        return ApiError::from(error).into_response();
    }
    let mut response = redirect("/login");
    response
        .headers_mut()
        .append(header::SET_COOKIE, cookie::forget(&state.web));
    response
}

/// `POST /ui/resume`: lets everything go on, and shows the page again that has asked for it.
pub async fn resume(
    State(state): State<AppState>,
    SignedIn(actor): SignedIn,
    headers: HeaderMap,
) -> Response {
    let done = control::deployment::resume(&state.plane, &actor).await;
    back(&state, &headers, done)
}

/// `POST /ui/adopt`: says that this database is the deployment, and shows the page again that has asked for it.
pub async fn adopt(
    State(state): State<AppState>,
    SignedIn(actor): SignedIn,
    headers: HeaderMap,
) -> Response {
    let done = control::deployment::adopt(&state.plane, &actor).await;
    back(&state, &headers, done)
}

/// `POST /ui/fork`: says that this database is a copy, and shows the page again that has asked for it.
pub async fn fork(
    State(state): State<AppState>,
    SignedIn(actor): SignedIn,
    headers: HeaderMap,
) -> Response {
    let done = control::deployment::fork(&state.plane, &actor).await;
    back(&state, &headers, done)
}

/// Leads to the page that has asked for something about the whole deployment.
fn back(
    state: &AppState,
    headers: &HeaderMap,
    done: control::error::Result<Deployment>,
) -> Response {
    match done {
        // Somebody else was quicker: the page tells what holds now.
        Ok(_)
        | Err(control::error::Error::Problem(Problem {
            code: ProblemCode::Conflict,
            ..
        })) => {}
        Err(error) => return ApiError::from(error).into_response(),
    }
    let from = headers.get(header::REFERER);
    let page = from
        .and_then(|from| from.to_str().ok())
        .and_then(|from| from.strip_prefix(state.web.origin.as_str()))
        .filter(|page| is_own_path(page));
    redirect(page.unwrap_or("/admin"))
}

/// The fields of the set-up page.
#[derive(Deserialize)]
pub struct SetUp {
    token: String,
    name: String,
    password: Secret,
}

/// `POST /ui/setup`.
pub async fn set_up(State(state): State<AppState>, Form(form): Form<SetUp>) -> Response {
    match control::setup::complete(&state.plane, &form.token, form.name, form.password).await {
        Ok(login) => signed_in(&state, &login, home(login.user.role)),
        Err(error) => refused(
            &format!("/setup?token={}&", encoded(&form.token)),
            &ApiError::from(error).0,
            "",
        ),
    }
}

/// The fields of a portal card's Open button.
#[derive(Deserialize)]
pub struct Launch {
    pool_id: PoolId,
    /// `desktop`, `shell` or `app`; the pool's usual kind when absent or empty.
    #[serde(default)]
    kind: String,
    /// The app's key, with `kind=app`.
    #[serde(default)]
    app: String,
}

/// `POST /ui/launch`: asks for a session and shows its page.
pub async fn launch(
    State(state): State<AppState>,
    SignedIn(actor): SignedIn,
    Form(form): Form<Launch>,
) -> Response {
    let kind = match form.kind.as_str() {
        "" => None,
        "desktop" => Some(SessionKind::Desktop),
        "shell" => Some(SessionKind::Shell),
        _ => Some(SessionKind::App { app: form.app }),
    };
    let request = SessionRequest {
        pool_id: form.pool_id,
        kind,
        user_id: None,
    };
    // In a task of its own: it may decide for others too, so it must not end with the browser's connection.
    let asked = tokio::spawn(async move {
        control::session::request(&state.plane, &actor, request)
            .await
            .map_err(ApiError::from)
    });
    match asked.await.unwrap_or_else(|error| Err(fault(&error))) {
        Ok(session) => redirect(&format!("/portal/sessions/{}", session.id)),
        Err(error) => refused("/portal?", &error.0, &format!("&pool={}", form.pool_id)),
    }
}

/// The fields of a button of one session.
#[derive(Deserialize)]
pub struct OfSession {
    session_id: SessionId,
}

/// `POST /ui/keep`: pushes the end of a session, and shows when it is now.
pub async fn keep(
    State(state): State<AppState>,
    SignedIn(actor): SignedIn,
    Form(form): Form<OfSession>,
) -> Response {
    page_of(control::session::keepalive(&state.plane, &actor, form.session_id).await)
}

/// `POST /ui/rdp`: the `.rdp` file of a session.
pub async fn rdp(
    State(state): State<AppState>,
    SignedIn(actor): SignedIn,
    Form(form): Form<OfSession>,
) -> Response {
    match control::session::rdp_file(&state.plane, &actor, form.session_id).await {
        Ok(text) => rdp_answer(text),
        Err(error) => refused("/portal?", &ApiError::from(error).0, ""),
    }
}

/// `POST /ui/end`: ends a session, or the wait for one, and shows how it ended.
pub async fn end(
    State(state): State<AppState>,
    SignedIn(actor): SignedIn,
    Form(form): Form<OfSession>,
) -> Response {
    page_of(control::session::end(&state.plane, &actor, form.session_id).await)
}

/// The page of a session that a button has changed, or the portal with why it has not.
fn page_of(changed: control::Result<Session>) -> Response {
    match changed {
        Ok(session) => redirect(&format!("/portal/sessions/{}", session.id)),
        Err(error) => refused("/portal?", &ApiError::from(error).0, ""),
    }
}

/// A signed-in person. Anybody else is sent to the sign-in page.
pub struct SignedIn(pub Actor);

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        parts
            .extensions
            .get::<Actor>()
            .cloned()
            .map(Self)
            .ok_or_else(|| redirect("/login?error=unauthenticated"))
    }
}

/// The address of the one who asks, as far as it can be known.
pub struct Peer(pub Option<IpAddr>);

impl FromRequestParts<AppState> for Peer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &AppState,
    ) -> Result<Self, Self::Rejection> {
        let direct = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map(|ConnectInfo(address)| address.ip());
        let forwarded = if state.web.behind_proxy {
            forwarded_for(&parts.headers)
        } else {
            None
        };
        Ok(Self(forwarded.or(direct)))
    }
}

/// What the proxy in front has added: the last entry. Those before it are the client's own words.
fn forwarded_for(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers
        .get_all("x-forwarded-for")
        .iter()
        .next_back()?
        .to_str()
        .ok()?;
    last.rsplit(',').next()?.trim().parse().ok()
}

fn signed_in(state: &AppState, login: &Login, next: &str) -> Response {
    let mut response = redirect(next);
    let cookie = cookie::keep(login.token.expose(), login.max_age_secs, &state.web);
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}

const fn home(role: Role) -> &'static str {
    match role {
        Role::Admin => "/admin",
        Role::User => "/portal",
    }
}

/// A path of ours: `//host` and `/\host` would be another site.
fn is_own_path(next: &str) -> bool {
    next.starts_with('/')
        && !next.starts_with("//")
        && next
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

fn refused(back: &str, problem: &Problem, rest: &str) -> Response {
    let field = problem
        .errors
        .first()
        .map(|error| error.pointer.trim_start_matches('/'))
        .unwrap_or_default();
    let field = if field.is_empty() {
        String::new()
    } else {
        format!("&field={}", encoded(field))
    };
    let retry = problem
        .retry_after
        .map(|secs| format!("&retry_after={secs}"))
        .unwrap_or_default();
    redirect(&format!(
        "{back}error={}{field}{retry}{rest}",
        problem.code.as_str()
    ))
}

/// 303: the browser goes on with GET.
fn redirect(to: &str) -> Response {
    match HeaderValue::try_from(to) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => (
            StatusCode::SEE_OTHER,
            [(header::LOCATION, HeaderValue::from_static("/"))],
        )
            .into_response(),
    }
}

/// A value in a query.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/') {
            encoded.push(char::from(byte));
        } else {
            // Writing into a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for path in ["/portal", "/admin/pools?tab=queue"] {
            assert!(is_own_path(path), "{path}");
        }
        for path in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "portal",
            "/a\r\nb",
        ] {
            assert!(!is_own_path(path), "{path}");
        }
    }

    #[test]
    fn the_last_entry_is_the_proxys() {
        let mut headers = HeaderMap::new();
        headers.append(
            "x-forwarded-for",
            HeaderValue::from_static("10.0.0.1, 192.0.2.7"),
        );
        assert_eq!(forwarded_for(&headers), Some(IpAddr::from([192, 0, 2, 7])));
    }

    #[test]
    fn a_value_in_a_query_is_one_value() {
        assert_eq!(encoded("a&b=c d"), "a%26b%3Dc%20d");
    }
}
