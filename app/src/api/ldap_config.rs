//! LDAP configs.

#![expect(
    missing_docs,
    reason = "the macro makes a struct of each function's arguments"
)]

use domain::form::Draft;
use domain::id::LdapConfigId;
use domain::ldap::SavedLdapConfig;
use domain::page::Page;
use leptos::prelude::*;

use super::ApiResult;
use super::codec::Call;
#[cfg(feature = "ssr")]
use super::{actor, answer, plane, whole};

/// All of them, as many as one page holds.
#[server(prefix = "/ui/fn", endpoint = "ldap_config_list", protocol = Call)]
pub async fn ldap_config_list() -> ApiResult<Page<SavedLdapConfig>> {
    answer(control::ldap_config::list(&plane()?, &actor()?, &whole()).await)
}

/// One of them.
#[server(prefix = "/ui/fn", endpoint = "ldap_config_get", protocol = Call)]
pub async fn ldap_config_get(id: LdapConfigId) -> ApiResult<SavedLdapConfig> {
    answer(control::ldap_config::get(&plane()?, &actor()?, id).await)
}

/// Makes one.
#[server(prefix = "/ui/fn", endpoint = "ldap_config_create", protocol = Call)]
pub async fn ldap_config_create(input: Draft) -> ApiResult<SavedLdapConfig> {
    answer(control::ldap_config::create(&plane()?, &actor()?, input).await)
}

/// Replaces one, if it still has the version `seen`.
#[server(prefix = "/ui/fn", endpoint = "ldap_config_replace", protocol = Call)]
pub async fn ldap_config_replace(
    id: LdapConfigId,
    seen: i64,
    input: Draft,
) -> ApiResult<SavedLdapConfig> {
    answer(control::ldap_config::replace(&plane()?, &actor()?, id, seen, input).await)
}

/// Deletes one, if it still has the version `seen`.
#[server(prefix = "/ui/fn", endpoint = "ldap_config_delete", protocol = Call)]
pub async fn ldap_config_delete(id: LdapConfigId, seen: i64) -> ApiResult<()> {
    answer(control::ldap_config::delete(&plane()?, &actor()?, id, seen).await)
}
