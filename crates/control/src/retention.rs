//! What is removed with time: rows of deleted servers, ended sessions, old decisions, ended sign-ins and used-up keys.
//! The audit log stays.

use crate::error::Result;
use crate::plane::ControlPlane;

/// Removes what is past its time.
pub async fn run(plane: &ControlPlane) -> Result<()> {
    let idle_millis = i64::from(plane.settings().login_idle_secs) * 1000;
    plane
        .store()
        .logins_delete_expired(plane.now(), idle_millis)
        .await?;
    plane.store().retention(plane.now()).await?;
    Ok(())
}
