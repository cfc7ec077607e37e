//! API keys.

#![expect(
    missing_docs,
    reason = "the macro makes a struct of each function's arguments"
)]

use domain::id::ApiKeyId;
use domain::page::Page;
use domain::user::{ApiKey, ApiKeyInput, NewApiKey};
use leptos::prelude::*;

use super::ApiResult;
use super::codec::Call;
#[cfg(feature = "ssr")]
use super::{actor, answer, plane, whole};

/// All keys, as many as one page holds.
#[server(prefix = "/ui/fn", endpoint = "api_key_list", protocol = Call)]
pub async fn api_key_list() -> ApiResult<Page<ApiKey>> {
    answer(control::api_key::list(&plane()?, &actor()?, &whole()).await)
}

/// Makes a key; its text is in the answer and nowhere else.
#[server(prefix = "/ui/fn", endpoint = "api_key_create", protocol = Call)]
pub async fn api_key_create(input: ApiKeyInput) -> ApiResult<NewApiKey> {
    answer(control::api_key::create(&plane()?, &actor()?, input).await)
}

/// Deletes a key.
#[server(prefix = "/ui/fn", endpoint = "api_key_delete", protocol = Call)]
pub async fn api_key_delete(id: ApiKeyId) -> ApiResult<()> {
    answer(control::api_key::delete(&plane()?, &actor()?, id).await)
}
