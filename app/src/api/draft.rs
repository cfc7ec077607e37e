//! Half-filled forms of the one who asks.

#![expect(
    missing_docs,
    reason = "the macro makes a struct of each function's arguments"
)]

use domain::draft::{SavedDraft, SavedDraftInput};
use domain::id::DraftId;
use leptos::prelude::*;

use super::ApiResult;
use super::codec::Call;
#[cfg(feature = "ssr")]
use super::{actor, answer, plane};

/// All of them, newest last.
#[server(prefix = "/ui/fn", endpoint = "draft_list", protocol = Call)]
pub async fn draft_list() -> ApiResult<Vec<SavedDraft>> {
    answer(control::draft::list(&plane()?, &actor()?).await)
}

/// Keeps one.
#[server(prefix = "/ui/fn", endpoint = "draft_create", protocol = Call)]
pub async fn draft_create(input: SavedDraftInput) -> ApiResult<SavedDraft> {
    answer(control::draft::create(&plane()?, &actor()?, input).await)
}

/// Saves one again, if it still has the version `seen`.
#[server(prefix = "/ui/fn", endpoint = "draft_replace", protocol = Call)]
pub async fn draft_replace(
    id: DraftId,
    seen: i64,
    input: SavedDraftInput,
) -> ApiResult<SavedDraft> {
    answer(control::draft::replace(&plane()?, &actor()?, id, seen, input).await)
}

/// Throws one away.
#[server(prefix = "/ui/fn", endpoint = "draft_delete", protocol = Call)]
pub async fn draft_delete(id: DraftId) -> ApiResult<()> {
    answer(control::draft::delete(&plane()?, &actor()?, id).await)
}
