//! Lists of many pages.

pub const NONE_LEFT: &str = "Nothing is left on this page.";
pub const FIRST_PAGE: &str = "First page";
pub const NEXT_PAGE: &str = "Next page";

pub fn pages_of(list: &str) -> String {
    format!("Pages of {list}")
}

pub fn cut(count: usize) -> String {
    format!("The first {count} are shown. The API gives the rest.")
}
