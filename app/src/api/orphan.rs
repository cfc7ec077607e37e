//! Orphans.

#![expect(
    missing_docs,
    reason = "the macro makes a struct of each function's arguments"
)]

use domain::id::OrphanId;
use domain::orphan::{Orphan, OrphanChange};
use domain::page::Page;
use leptos::prelude::*;

use super::ApiResult;
use super::codec::Call;
#[cfg(feature = "ssr")]
use super::{actor, answer, page_from, plane};

/// A page of what exists on one side only.
#[server(prefix = "/ui/fn", endpoint = "orphan_list", protocol = Call)]
pub async fn orphan_list(cursor: Option<String>) -> ApiResult<Page<Orphan>> {
    answer(control::orphan::list(&plane()?, &actor()?, &page_from(cursor)).await)
}

/// Keeps a machine without a server until it is released; a dry run only says what would happen.
#[server(prefix = "/ui/fn", endpoint = "orphan_keep", protocol = Call)]
pub async fn orphan_keep(id: OrphanId, dry_run: bool) -> ApiResult<OrphanChange> {
    answer(control::orphan::keep(&plane()?, &actor()?, id, dry_run).await)
}

/// Takes back what was decided about a machine without a server; a dry run only says what would happen.
#[server(prefix = "/ui/fn", endpoint = "orphan_release", protocol = Call)]
pub async fn orphan_release(id: OrphanId, dry_run: bool) -> ApiResult<OrphanChange> {
    answer(control::orphan::release(&plane()?, &actor()?, id, dry_run).await)
}

/// Has a machine without a server deleted now; a dry run only says what would happen.
#[server(prefix = "/ui/fn", endpoint = "orphan_delete", protocol = Call)]
pub async fn orphan_delete(id: OrphanId, dry_run: bool) -> ApiResult<OrphanChange> {
    answer(control::orphan::delete(&plane()?, &actor()?, id, dry_run).await)
}

/// Gives a machine back to the server that its tag names; a dry run only says what would happen.
#[server(prefix = "/ui/fn", endpoint = "orphan_adopt", protocol = Call)]
pub async fn orphan_adopt(id: OrphanId, dry_run: bool) -> ApiResult<OrphanChange> {
    answer(control::orphan::adopt(&plane()?, &actor()?, id, dry_run).await)
}
