//! The audit log.

#![expect(
    missing_docs,
    reason = "the macro makes a struct of each function's arguments"
)]

use domain::audit::AuditRecord;
use domain::page::Page;
#[cfg(feature = "ssr")]
use domain::page::PageQuery;
use leptos::prelude::*;

use super::ApiResult;
use super::codec::Call;
#[cfg(feature = "ssr")]
use super::{actor, answer, plane};

/// A page of what was done, to one thing where one is named, by people alone where that is wanted; newest first. `limit`: so
/// many of it.
#[server(prefix = "/ui/fn", endpoint = "audit_list", protocol = Call)]
pub async fn audit_list(
    target: Option<String>,
    by_people: bool,
    cursor: Option<String>,
    limit: Option<u32>,
) -> ApiResult<Page<AuditRecord>> {
    let filter = domain::audit::AuditFilter { target, by_people };
    let page = PageQuery { cursor, limit };
    answer(control::audit::list(&plane()?, &actor()?, &filter, &page).await)
}
