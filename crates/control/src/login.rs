//! Sign-in of people. (A *session* is something else: a brokered desktop, app or shell.)

use std::sync::atomic::{AtomicU32, Ordering};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::error::{Problem, ProblemCode};
use domain::secret::Secret;
use domain::user::User;
use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::plane::ControlPlane;
use crate::user::verify;

/// Hashing a password costs 19 MiB and some 20 ms: more at once than this would be a way to bring Weir down.
const HASHING_AT_ONCE: u32 = 4;

static HASHING: AtomicU32 = AtomicU32::new(0);

/// A sign-in: the token goes into the browser's cookie and is not kept.
pub struct Login {
    /// What the cookie holds.
    pub token: Secret,
    /// Who has signed in.
    pub user: User,
    /// Seconds after which it ends at the latest.
    pub max_age_secs: u32,
}

/// Signs a person in by name and password. An unknown name and a wrong password look the same.
pub async fn sign_in(plane: &ControlPlane, name: &str, password: &Secret) -> Result<Login> {
    let name = name.trim().to_ascii_lowercase();
    let found = if name.contains('\0') {
        None
    } else {
        plane.store().user_by_name(&name).await?
    };
    let hash = found.as_ref().and_then(|(_, hash)| hash.as_deref());
    if !checked(hash, password)? {
        tracing::info!("a sign-in was refused");
        return Err(Problem::new(
            ProblemCode::Unauthenticated,
            "The name or the password is wrong.",
        )
        .into());
    }
    let Some((user, _)) = found else {
        return Err(Problem::new(
            ProblemCode::Unauthenticated,
            "The name or the password is wrong.",
        )
        .into());
    };
    begin(plane, user).await
}

/// Begins a sign-in of a person who has proven who they are.
pub(crate) async fn begin(plane: &ControlPlane, user: User) -> Result<Login> {
    let token = random_token(plane);
    let max_age_secs = plane.settings().login_secs;
    let now = plane.now();
    plane
        .store()
        .login_insert(
            &token_hash(token.expose()),
            user.id,
            now,
            now.plus_secs(max_age_secs),
        )
        .await?;
    Ok(Login {
        token,
        user,
        max_age_secs,
    })
}

/// The person behind a cookie's token, if the sign-in still holds.
pub async fn authenticate(plane: &ControlPlane, token: &str) -> Result<Option<User>> {
    if token.len() != 43 {
        return Ok(None);
    }
    let idle = i64::from(plane.settings().login_idle_secs) * 1000;
    Ok(plane
        .store()
        .login_find(&token_hash(token), plane.now(), idle)
        .await?)
}

/// Ends a sign-in.
pub async fn sign_out(plane: &ControlPlane, token: &str) -> Result<()> {
    Ok(plane.store().login_delete(&token_hash(token)).await?)
}

/// 256 random bits as 43 characters.
pub(crate) fn random_token(plane: &ControlPlane) -> Secret {
    let mut bytes = [0; 32];
    plane.entropy().fill(&mut bytes);
    Secret::new(URL_SAFE_NO_PAD.encode(bytes))
}

/// What is kept of a token: a stolen database opens no sign-in.
pub(crate) fn token_hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(token.as_bytes()))
}

fn checked(hash: Option<&str>, password: &Secret) -> Result<bool> {
    if password.expose().len() > 4 * crate::user::MAX_PASSWORD {
        return Ok(false);
    }
    if HASHING.fetch_add(1, Ordering::SeqCst) >= HASHING_AT_ONCE {
        HASHING.fetch_sub(1, Ordering::SeqCst);
        let mut problem = Problem::new(
            ProblemCode::TooManyRequests,
            "Many people sign in just now. Try again.",
        );
        problem.retry_after = Some(1);
        return Err(problem.into());
    }
    let matches = verify(hash, password);
    HASHING.fetch_sub(1, Ordering::SeqCst);
    Ok(matches)
}
