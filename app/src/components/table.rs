//! A table that scrolls in its own box, and turns into cards where the screen is narrow.

use domain::page::Page;
use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::{use_location, use_query_map};

use crate::components::empty::Empty;
use crate::components::filter::{Sort, none_left, use_list_address_with, use_query_value};
use crate::components::load::use_address_with;

/// A page of a long list as a table, with links to the pages around it. The address says which page it is (`?cursor=`).
///
/// `none` is what an empty list says.
pub fn paged_table<T>(
    label: &'static str,
    none: &'static str,
    heads: &'static [&'static str],
    page: Page<T>,
    row: impl Fn(T) -> Vec<AnyView>,
) -> AnyView {
    paged(label, none, page, |items| {
        table(label, heads, items.into_iter().map(row).collect())
    })
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
        (true, false) => view! { <Empty text="Nothing is left on this page." /> }.into_any(),
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
    let first = (!is_first).then(|| to(None, "First page"));
    let next = next.map(|next| to(Some(next), "Next page"));
    view! {
        <nav class="actions" aria-label=format!("Pages of {label}")>
            {first} {next}
        </nav>
    }
    .into_any()
}

/// The cursor of the page that the address names.
pub fn use_cursor() -> Memo<Option<String>> {
    use_query_value("cursor")
}

/// A table of what a list has given. Where there is more, it says so.
pub fn page_table<T>(
    label: &'static str,
    heads: &'static [&'static str],
    page: Page<T>,
    row: impl Fn(T) -> Vec<AnyView>,
) -> AnyView {
    let cut = cut(&page);
    view! {
        {table(label, heads, page.items.into_iter().map(row).collect())}
        {cut}
    }
    .into_any()
}

/// The same with columns that sort it: `heads` has for each a word, and its key in the address where it has one.
pub fn sorted_table<T>(
    label: &'static str,
    heads: &'static [(&'static str, &'static str)],
    sort: &Sort,
    page: Page<T>,
    row: impl Fn(T) -> Vec<AnyView>,
) -> AnyView {
    if page.items.is_empty()
        && let Some(none_left) = none_left()
    {
        return none_left;
    }
    let cut = cut(&page);
    let cells = heads.iter().map(|head| sorting_head(*head, sort)).collect();
    let words: Vec<&'static str> = heads.iter().map(|(word, _)| *word).collect();
    let rows = page.items.into_iter().map(row).collect();
    view! {
        {framed(label, cells, &words, rows)}
        {cut}
    }
    .into_any()
}

fn sorting_head((word, key): (&'static str, &'static str), sort: &Sort) -> AnyView {
    if key.is_empty() {
        return head(word);
    }
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
        let text = format!(
            "The first {} are shown. The API gives the rest.",
            page.items.len()
        );
        view! { <p class="muted">{text}</p> }.into_any()
    })
}

/// A table. The first cell of each row is its head; `heads` has one word a column.
pub fn table(
    label: &'static str,
    heads: &'static [&'static str],
    rows: Vec<Vec<AnyView>>,
) -> AnyView {
    let cells = heads.iter().map(|word| head(word)).collect();
    framed(label, cells, heads, rows)
}

fn head(word: &'static str) -> AnyView {
    view! { <th scope="col">{word}</th> }.into_any()
}

/// `words` are those of the heads.
fn framed(
    label: &'static str,
    heads: Vec<AnyView>,
    words: &[&'static str],
    rows: Vec<Vec<AnyView>>,
) -> AnyView {
    let body = rows.into_iter().map(|cells| {
        let cells = cells
            .into_iter()
            .zip(words)
            .enumerate()
            .map(|(at, (cell, word))| {
                if at == 0 {
                    view! { <th scope="row">{cell}</th> }.into_any()
                } else {
                    view! { <td data-label=*word>{cell}</td> }.into_any()
                }
            });
        view! { <tr>{cells.collect_view()}</tr> }
    });
    view! {
        <div class="table-box" role="group" aria-label=label tabindex="0">
            <table>
                <thead>
                    <tr>{heads}</tr>
                </thead>
                <tbody>{body.collect_view()}</tbody>
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
