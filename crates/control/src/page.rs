//! Cursors of lists: the id after which the next page begins, opaque to clients.

use domain::page::{DEFAULT_LIMIT, MAX_LIMIT, Page, PageQuery};
use store::PageRequest;
use uuid::Uuid;

use crate::error::{Result, invalid};

/// Checks a query and turns it into the store's form, with one row more than asked for, which tells whether there is
/// a next page.
pub(crate) fn request(query: &PageQuery) -> Result<PageRequest> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(invalid(
            "limit",
            "out_of_bounds",
            format!("A page has 1 to {MAX_LIMIT} items."),
        ));
    }
    let after = query.cursor.as_deref().map(read_cursor).transpose()?;
    Ok(PageRequest {
        after,
        limit: limit + 1,
    })
}

/// Makes a page of the rows that [`request`] fetched.
pub(crate) fn page<T>(
    mut items: Vec<T>,
    request: &PageRequest,
    id: impl Fn(&T) -> Uuid,
) -> Page<T> {
    let limit = request.limit as usize - 1;
    let next_cursor = (items.len() > limit).then(|| {
        items.truncate(limit);
        items
            .last()
            .map(|last| id(last).simple().to_string())
            .unwrap_or_default()
    });
    Page { items, next_cursor }
}

pub(crate) fn read_cursor(text: &str) -> Result<Uuid> {
    match Uuid::try_parse(text) {
        Ok(uuid) if text.len() == 32 => Ok(uuid),
        _ => Err(invalid(
            "cursor",
            "invalid",
            "This is not a cursor. Use `next_cursor` of the page before.",
        )),
    }
}
