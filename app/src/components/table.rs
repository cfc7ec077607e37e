//! A table that scrolls in its own box, and turns into cards where the screen is narrow.

use domain::page::Page;
use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::{use_location, use_query_map};

use crate::components::empty::Empty;
use crate::components::filter::{Sort, none_left, use_list_address_with, use_query_value};
use crate::components::kept::{Kept, kept};
use crate::components::load::use_address_with;
use crate::text::table as text;

/// A table of things, made outside of what is drawn anew with each answer: a row stays with its thing.
pub struct Table<T: 'static> {
    label: &'static str,
    heads: &'static [&'static str],
    rows: Kept<T>,
}

impl<T> Clone for Table<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Table<T> {}

impl<T: Clone + PartialEq + Send + Sync + 'static> Table<T> {
    /// A table with a cell for each head in a row, the first of which is the row's head. What `key` and `cells` may be:
    /// [`kept`].
    pub fn new(
        label: &'static str,
        heads: &'static [&'static str],
        key: fn(&T) -> String,
        cells: impl Fn(T) -> Vec<AnyView> + Send + Sync + 'static,
    ) -> Self {
        let rows = kept(key, move |thing| row(heads, cells(thing)));
        Self { label, heads, rows }
    }

    /// A page of a long list, with links to the pages around it. The address says which page it is (`?cursor=`). `none` is what an
    /// empty list says.
    pub fn paged(self, none: &'static str, page: Page<T>) -> AnyView {
        paged(self.label, none, page, |things| self.whole(things))
    }

    /// A list that some of its columns sort: `keys` has the heads of those, each with its key in the address. Where there is more
    /// of it than one page, it says so.
    pub fn sorted(
        self,
        keys: &[(&'static str, &'static str)],
        sort: &Sort,
        page: Page<T>,
    ) -> AnyView {
        if page.items.is_empty()
            && let Some(none_left) = none_left()
        {
            return none_left;
        }
        let heads = self.heads.iter().map(|word| {
            let key = keys.iter().find(|(head, _)| head == word);
            key.map_or_else(|| head(word), |(_, key)| sorting_head(word, key, sort))
        });
        let cut = cut(&page);
        view! {
            {framed(self.label, heads.collect(), self.rows.show(page.items))}
            {cut}
        }
        .into_any()
    }

    /// The first page of a list. Where there is more, it says so.
    pub fn first(self, page: Page<T>) -> AnyView {
        let cut = cut(&page);
        view! {
            {self.whole(page.items)}
            {cut}
        }
        .into_any()
    }

    /// A list of which all is there.
    pub fn whole(self, things: Vec<T>) -> AnyView {
        plain(self.label, self.heads, self.rows.show(things))
    }
}

/// A table that is only read: nothing in its rows takes the focus or asks.
pub fn table(
    label: &'static str,
    heads: &'static [&'static str],
    rows: Vec<Vec<AnyView>>,
) -> AnyView {
    let rows = rows.into_iter().map(|cells| row(heads, cells));
    plain(label, heads, rows.collect_view().into_any())
}

/// A page of a long list, however it is shown, with links to the pages around it.
pub fn paged<T>(
    label: &'static str,
    none: &'static str,
    page: Page<T>,
    show: impl FnOnce(Vec<T>) -> AnyView,
) -> AnyView {
    let is_first = use_query_map().read_untracked().get("cursor").is_none();
    let links = page_links(label, is_first, page.next_cursor);
    let list = match (page.items.is_empty(), is_first) {
        (false, _) => show(page.items),
        (true, true) => none_left().unwrap_or_else(|| view! { <Empty text=none /> }.into_any()),
        // What stood there has gone since.
        (true, false) => view! { <Empty text=text::NONE_LEFT /> }.into_any(),
    };
    view! {
        {list}
        {links}
    }
    .into_any()
}

/// Links to the next page of a list, and back to its first.
fn page_links(label: &'static str, is_first: bool, next: Option<String>) -> AnyView {
    // The address itself: what a row of the list has made goes with the list.
    let (query, address_with) = (use_location().query, use_address_with());
    if is_first && next.is_none() {
        return ().into_any();
    }
    let to = move |cursor: Option<String>, text: &'static str| {
        // Other parts of the page change the address too, and these links keep what it says then.
        let href = move || {
            query.track();
            address_with("cursor", cursor.clone())
        };
        view! { <a href=href>{text}</a> }
    };
    let first = (!is_first).then(|| to(None, text::FIRST_PAGE));
    let next = next.map(|next| to(Some(next), text::NEXT_PAGE));
    view! {
        <nav class="actions" aria-label=text::pages_of(label)>
            {first} {next}
        </nav>
    }
    .into_any()
}

/// The cursor of the page that the address names.
pub fn use_cursor() -> Memo<Option<String>> {
    use_query_value("cursor")
}

fn sorting_head(word: &'static str, key: &'static str, sort: &Sort) -> AnyView {
    let href = use_list_address_with()("sort", Some(sort.next(key)));
    view! {
        <th scope="col" aria-sort=sort.aria(key)>
            <a href=href data-noscroll="">
                {word}
            </a>
        </th>
    }
    .into_any()
}

/// Says that a list has more than one page of it.
fn cut<T>(page: &Page<T>) -> Option<AnyView> {
    page.next_cursor.is_some().then(|| {
        let text = text::cut(page.items.len());
        view! { <p class="muted">{text}</p> }.into_any()
    })
}

fn plain(label: &'static str, heads: &[&'static str], rows: AnyView) -> AnyView {
    framed(label, heads.iter().map(|word| head(word)).collect(), rows)
}

fn head(word: &'static str) -> AnyView {
    view! { <th scope="col">{word}</th> }.into_any()
}

fn row(heads: &[&'static str], cells: Vec<AnyView>) -> AnyView {
    let cells = cells
        .into_iter()
        .zip(heads)
        .enumerate()
        .map(|(at, (cell, word))| {
            if at == 0 {
                view! { <th scope="row">{cell}</th> }.into_any()
            } else {
                view! { <td data-label=*word>{cell}</td> }.into_any()
            }
        });
    view! { <tr>{cells.collect_view()}</tr> }.into_any()
}

fn framed(label: &'static str, heads: Vec<AnyView>, rows: AnyView) -> AnyView {
    view! {
        <div class="table-box" role="group" aria-label=label tabindex="0">
            <table>
                <thead>
                    <tr>{heads}</tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// A link to another page.
pub fn link(href: String, text: &str) -> AnyView {
    let text = text.to_owned();
    view! { <A href=href>{text}</A> }.into_any()
}

/// A list of names and values.
pub fn facts(pairs: Vec<(&'static str, AnyView)>) -> AnyView {
    let pairs = pairs.into_iter().map(|(name, value)| {
        view! {
            <div>
                <dt>{name}</dt>
                <dd>{value}</dd>
            </div>
        }
    });
    view! { <dl class="facts">{pairs.collect_view()}</dl> }.into_any()
}
