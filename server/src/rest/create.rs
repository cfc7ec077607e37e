//! POSTs that make something: 201 with `Location` and `ETag`, and at most once for each `Idempotency-Key`.

use axum::body::Bytes;
use axum::extract::{FromRequest, OriginalUri, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use control::idempotency::{self, Begun};
use domain::actor::Actor;
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use crate::rest::error::{ApiError, ApiResult, fault, wrong_field};
use crate::rest::json;
use crate::rest::version::etag;
use crate::state::AppState;

const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// How the key looks in the API's description.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "read by the derive alone")]
pub struct IdempotencyKeyHeader {
    /// A text of the client's choice. The same request with the same key is done once within 24 hours and answered
    /// the same again.
    #[param(
        rename = "Idempotency-Key",
        min_length = 1,
        max_length = 200,
        pattern = "^[!-~]+$",
        required = false
    )]
    idempotency_key: Option<String>,
}

/// A request to make something.
pub struct Create<T> {
    input: T,
    /// The collection's path, with the prefix: the `Location` is below it.
    path: String,
    key: Option<String>,
    body: Bytes,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Create<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> ApiResult<Self> {
        // The whole path: a nested router sees only what follows its prefix.
        let path = request
            .extensions()
            .get::<OriginalUri>()
            .map_or_else(|| request.uri(), |uri| &uri.0)
            .path()
            .to_owned();
        let key = match request
            .headers()
            .get(IDEMPOTENCY_KEY)
            .map(HeaderValue::to_str)
        {
            None => None,
            Some(Ok(key)) => Some(key.to_owned()),
            Some(Err(_)) => {
                let message = "An Idempotency-Key has 1 to 200 visible ASCII characters.";
                return Err(wrong_field(
                    String::new(),
                    "idempotency_key",
                    message.to_owned(),
                ));
            }
        };
        let body = json::body(request, state).await?;
        Ok(Self {
            input: json::parse(&body)?,
            path,
            key,
            body,
        })
    }
}

/// What was made.
pub trait Created: Serialize + Send + 'static {
    /// Its id, for the `Location`.
    fn id(&self) -> String;

    /// Its version, for the `ETag`.
    fn version(&self) -> Option<i64> {
        None
    }

    /// 201, or 202 where it is on its way.
    fn status(&self) -> StatusCode {
        StatusCode::CREATED
    }
}

impl<T: Send + 'static> Create<T> {
    /// Makes it, or answers as the first time.
    pub async fn run<O, F>(
        self,
        state: &AppState,
        actor: &Actor,
        doing: impl FnOnce(AppState, Actor, T) -> F,
    ) -> ApiResult<Response>
    where
        O: Created,
        F: Future<Output = control::Result<O>> + Send + 'static,
    {
        let Some(key) = self.key else {
            // In a task of its own here too: what has begun is driven to its end, whether the client stays or not.
            let made = tokio::spawn(doing(state.clone(), actor.clone(), self.input));
            let made = made.await.map_err(|error| fault(&error))??;
            return Ok(Answer::of(&self.path, &made)?.into_response());
        };
        let mut what = state.fingerprint_key.to_vec();
        what.extend_from_slice(self.path.as_bytes());
        what.push(0);
        what.extend_from_slice(&self.body);
        let request = match idempotency::begin(&state.plane, actor, &key, &what).await? {
            Begun::Do(request) => request,
            Begun::Done { status, body } => {
                return Ok(Answer::again(status, &body)?.into_response());
            }
        };
        let made = doing(state.clone(), actor.clone(), self.input);
        let (plane, path) = (state.plane.clone(), self.path);
        // In a task of its own: a client that goes away must not leave the key half used.
        let task = tokio::spawn(async move {
            match made.await {
                Ok(made) => {
                    let answer = Answer::of(&path, &made)?;
                    let stored = serde_json::to_string(&answer).map_err(|error| fault(&error))?;
                    idempotency::finish(&plane, request, answer.status, &stored).await?;
                    Ok(answer)
                }
                Err(error) => {
                    idempotency::forget(&plane, request).await?;
                    Err(ApiError::from(error))
                }
            }
        });
        match task.await {
            Ok(answer) => Ok(answer?.into_response()),
            Err(error) => Err(fault(&error)),
        }
    }

    /// Makes it; a key is not looked at. For answers that hold a secret shown once: they are not kept.
    pub async fn run_once<O, F>(
        self,
        state: &AppState,
        actor: &Actor,
        doing: impl FnOnce(AppState, Actor, T) -> F,
    ) -> ApiResult<Response>
    where
        O: Created,
        F: Future<Output = control::Result<O>> + Send + 'static,
    {
        Self { key: None, ..self }.run(state, actor, doing).await
    }
}

/// An answer in the form in which it is kept.
#[derive(Serialize, serde::Deserialize)]
struct Answer {
    status: u16,
    location: String,
    version: Option<i64>,
    body: String,
}

impl Answer {
    fn of<O: Created>(path: &str, made: &O) -> ApiResult<Self> {
        Ok(Self {
            status: made.status().as_u16(),
            location: format!("{path}/{}", made.id()),
            version: made.version(),
            body: serde_json::to_string(made).map_err(|error| fault(&error))?,
        })
    }

    fn again(status: u16, stored: &str) -> ApiResult<Self> {
        let answer: Self = serde_json::from_str(stored).map_err(|error| fault(&error))?;
        Ok(Self { status, ..answer })
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::CREATED);
        let mut response = (
            status,
            [(header::CONTENT_TYPE, "application/json")],
            self.body,
        )
            .into_response();
        // The path of this request and an id of ours: both are plain ASCII.
        if let Ok(location) = HeaderValue::try_from(self.location) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        if let Some(version) = self.version {
            response.headers_mut().insert(header::ETAG, etag(version));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::TestApp;
    use serde_json::json;

    #[tokio::test]
    async fn the_same_key_makes_one_thing() {
        let app = TestApp::new().await;
        let body = json!({ "name": "Desks" });
        let key = [("idempotency-key", "one")];
        let first = app
            .call_with(&app.admin_key, "POST", "/pools", Some(body.clone()), &key)
            .await
            .expect(201);
        let again = app
            .call_with(&app.admin_key, "POST", "/pools", Some(body.clone()), &key)
            .await
            .expect(201);
        assert_eq!(first.text, again.text);
        assert_eq!(first.header("location"), again.header("location"));
        assert_eq!(first.header("etag"), again.header("etag"));
        assert_eq!(
            app.admin("GET", "/pools", None).await.json()["items"]
                .as_array()
                .map(Vec::len),
            Some(1)
        );

        let other = Some(json!({ "name": "Others" }));
        let answer = app
            .call_with(&app.admin_key, "POST", "/pools", other, &key)
            .await;
        answer.expect_problem(422, "idempotency_mismatch");
        // Another path is another request; another caller has keys of their own.
        let zone = json!({ "name": "Office", "upstream_auth_address": "weir.example" });
        app.call_with(&app.admin_key, "POST", "/zones", Some(zone), &key)
            .await
            .expect_problem(422, "idempotency_mismatch");
        app.call_with(&app.user_key, "POST", "/pools", Some(body), &key)
            .await
            .expect_problem(403, "forbidden");
        for wrong in ["", "with space", &"x".repeat(201)] {
            let headers = [("idempotency-key", wrong)];
            let answer = app
                .call_with(
                    &app.admin_key,
                    "POST",
                    "/pools",
                    Some(json!({ "name": "X" })),
                    &headers,
                )
                .await;
            answer.expect_problem(422, "invalid");
        }
    }

    #[tokio::test]
    async fn a_refused_request_leaves_its_key_free() {
        let app = TestApp::new().await;
        let key = [("idempotency-key", "one")];
        for _ in 0..2 {
            let answer = app
                .call_with(
                    &app.admin_key,
                    "POST",
                    "/pools",
                    Some(json!({ "name": "" })),
                    &key,
                )
                .await;
            answer.expect_problem(422, "invalid");
        }
        app.call_with(
            &app.admin_key,
            "POST",
            "/pools",
            Some(json!({ "name": "Desks" })),
            &key,
        )
        .await
        .expect(201);
    }
}
