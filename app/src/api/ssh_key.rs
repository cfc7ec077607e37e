//! The own SSH keys.

#![expect(
    missing_docs,
    reason = "the macro makes a struct of each function's arguments"
)]

use domain::id::SshKeyId;
use domain::user::{NewSshKey, SshKey, SshKeyInput};
use leptos::prelude::*;

use super::ApiResult;
use super::codec::Call;
#[cfg(feature = "ssr")]
use super::{actor, answer, plane};

/// The own keys, oldest first.
#[server(prefix = "/ui/fn", endpoint = "ssh_key_list", protocol = Call)]
pub async fn ssh_key_list() -> ApiResult<Vec<SshKey>> {
    answer(control::ssh_key::list(&plane()?, &actor()?).await)
}

/// Adds a key: the pasted one, or a new pair whose private half is in the answer and nowhere else.
#[server(prefix = "/ui/fn", endpoint = "ssh_key_create", protocol = Call)]
pub async fn ssh_key_create(input: SshKeyInput) -> ApiResult<NewSshKey> {
    answer(control::ssh_key::create(&plane()?, &actor()?, input).await)
}

/// Deletes a key.
#[server(prefix = "/ui/fn", endpoint = "ssh_key_delete", protocol = Call)]
pub async fn ssh_key_delete(id: SshKeyId) -> ApiResult<()> {
    answer(control::ssh_key::delete(&plane()?, &actor()?, id).await)
}
