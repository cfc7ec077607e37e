//! `Idempotency-Key`: the same creating request, sent twice, is done once.

use domain::actor::Actor;
use domain::error::{Problem, ProblemCode};
use sha2::{Digest, Sha256};

pub use store::Idempotency;

use crate::error::{Result, invalid};
use crate::plane::ControlPlane;

/// A first request that has not been answered after this time never will be: the process has died meanwhile.
const CUT_OFF_MILLIS: i64 = 60_000;

/// A request that carries a key.
pub struct KeyedRequest {
    actor: String,
    key: String,
}

/// What to do with a request that carries a key.
pub enum Begun {
    /// Do it, then call [`finish`] or [`forget`].
    Do(KeyedRequest),
    /// It was done before: answer the same again.
    Done {
        /// The status of the first answer.
        status: u16,
        /// The body of the first answer.
        body: String,
    },
}

/// Looks up the key. `what` is all that makes the request: method, path and body.
pub async fn begin(plane: &ControlPlane, actor: &Actor, key: &str, what: &[u8]) -> Result<Begun> {
    let is_plain = |c: char| c.is_ascii_graphic();
    if key.is_empty() || key.len() > 200 || !key.chars().all(is_plain) {
        return Err(invalid(
            "",
            "idempotency_key",
            "An Idempotency-Key has 1 to 200 visible ASCII characters.",
        ));
    }
    let request = KeyedRequest {
        actor: actor.label(),
        key: key.to_owned(),
    };
    let fingerprint = format!("{:x}", Sha256::digest(what));
    match plane
        .store()
        .idempotency_begin(&request.actor, key, &fingerprint, plane.now())
        .await?
    {
        Idempotency::New => Ok(Begun::Do(request)),
        Idempotency::Stored { status, body } => Ok(Begun::Done { status, body }),
        Idempotency::Running(since) if plane.now().since(since) > CUT_OFF_MILLIS => {
            Err(Problem::new(
                ProblemCode::IdempotencyCutOff,
                "The first request with this key was cut off before its answer. Look whether it was done; then choose a \
                 new key.",
            )
            .into())
        }
        Idempotency::Running(_) => {
            let mut problem = Problem::new(
                ProblemCode::IdempotencyRunning,
                "The first request with this key has not ended yet.",
            );
            problem.retry_after = Some(1);
            Err(problem.into())
        }
        Idempotency::Mismatch => Err(Problem::new(
            ProblemCode::IdempotencyMismatch,
            "This key was used with another request. Choose a new key for a new request.",
        )
        .into()),
    }
}

/// Keeps the answer for the next time.
pub async fn finish(
    plane: &ControlPlane,
    request: KeyedRequest,
    status: u16,
    body: &str,
) -> Result<()> {
    Ok(plane
        .store()
        .idempotency_finish(&request.actor, &request.key, status, body)
        .await?)
}

/// The request was refused and changed nothing: the key is free again.
pub async fn forget(plane: &ControlPlane, request: KeyedRequest) -> Result<()> {
    Ok(plane
        .store()
        .idempotency_forget(&request.actor, &request.key)
        .await?)
}
