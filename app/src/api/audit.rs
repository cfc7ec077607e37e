//! The audit log.

#![expect(
    missing_docs,
    reason = "the macro makes a struct of each function's arguments"
)]

use domain::audit::AuditRecord;
use domain::page::Page;
use leptos::prelude::*;

use super::ApiResult;
use super::codec::Call;
#[cfg(feature = "ssr")]
use super::{actor, answer, page_from, plane};

/// A page of what people have done, to one thing where one is named; newest first.
#[server(prefix = "/ui/fn", endpoint = "audit_list", protocol = Call)]
pub async fn audit_list(
    target: Option<String>,
    cursor: Option<String>,
) -> ApiResult<Page<AuditRecord>> {
    let filter = domain::audit::AuditFilter {
        target,
        by_people: true,
    };
    answer(control::audit::list(&plane()?, &actor()?, &filter, &page_from(cursor)).await)
}
