//! Provider configs.

#![expect(
    missing_docs,
    reason = "the macro makes a struct of each function's arguments"
)]

use domain::id::ProviderId;
use domain::page::Page;
use domain::provider::{Provider, ProviderChoices, ProviderChoicesInput, ProviderInput, TestCheck};
use leptos::prelude::*;

use super::ApiResult;
use super::codec::Call;
#[cfg(feature = "ssr")]
use super::{actor, answer, plane, whole};

/// All of them, as many as one page holds.
#[server(prefix = "/ui/fn", endpoint = "provider_list", protocol = Call)]
pub async fn provider_list() -> ApiResult<Page<Provider>> {
    answer(control::provider::list(&plane()?, &actor()?, &whole()).await)
}

/// One of them.
#[server(prefix = "/ui/fn", endpoint = "provider_get", protocol = Call)]
pub async fn provider_get(id: ProviderId) -> ApiResult<Provider> {
    answer(control::provider::get(&plane()?, &actor()?, id).await)
}

/// Makes one.
#[server(prefix = "/ui/fn", endpoint = "provider_create", protocol = Call)]
pub async fn provider_create(input: ProviderInput) -> ApiResult<Provider> {
    answer(control::provider::create(&plane()?, &actor()?, input).await)
}

/// Replaces one, if it still has the version `seen`.
#[server(prefix = "/ui/fn", endpoint = "provider_replace", protocol = Call)]
pub async fn provider_replace(
    id: ProviderId,
    seen: i64,
    input: ProviderInput,
) -> ApiResult<Provider> {
    answer(control::provider::replace(&plane()?, &actor()?, id, seen, input).await)
}

/// Deletes one, if it still has the version `seen`.
#[server(prefix = "/ui/fn", endpoint = "provider_delete", protocol = Call)]
pub async fn provider_delete(id: ProviderId, seen: i64) -> ApiResult<()> {
    answer(control::provider::delete(&plane()?, &actor()?, id, seen).await)
}

/// Tries the provider as configured, without side effects.
#[server(prefix = "/ui/fn", endpoint = "provider_test", protocol = Call)]
pub async fn provider_test(id: ProviderId) -> ApiResult<Vec<TestCheck>> {
    answer(control::provider::test(&plane()?, &actor()?, id).await)
}

/// What a provider that is being entered offers for its fields now, without side effects.
#[server(prefix = "/ui/fn", endpoint = "provider_choice_list", protocol = Call)]
pub async fn provider_choice_list(input: ProviderChoicesInput) -> ApiResult<ProviderChoices> {
    answer(control::provider::choices(&plane()?, &actor()?, input).await)
}
