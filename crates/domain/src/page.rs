//! Lists in pages: opaque cursors, never offsets.

use serde::{Deserialize, Serialize};

/// The most items in one page.
pub const MAX_LIMIT: u32 = 200;
/// Items in a page when nothing is said.
pub const DEFAULT_LIMIT: u32 = 50;

/// Which page of a list is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageQuery {
    /// `next_cursor` of the page before; absent for the first page.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Items in the page, 1 to [`MAX_LIMIT`].
    #[serde(default)]
    pub limit: Option<u32>,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page begins; absent on the last page.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// The page with something else in the place of each item.
    pub fn map<U>(self, of: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(of).collect(),
            next_cursor: self.next_cursor,
        }
    }
}
