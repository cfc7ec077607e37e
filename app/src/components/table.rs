//! A table that scrolls in its own box, and turns into cards where the screen is narrow.

use domain::page::Page;
use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::use_query_map;

use crate::components::empty::Empty;
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
        (true, true) => view! { <Empty text=none /> }.into_any(),
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
    let address_with = use_address_with();
    if is_first && next.is_none() {
        return ().into_any();
    }
    let first = (!is_first).then(|| link(address_with("cursor", None), "First page"));
    let next = next.map(|next| link(address_with("cursor", Some(next)), "Next page"));
    view! {
        <nav class="actions" aria-label=format!("Pages of {label}")>
            {first} {next}
        </nav>
    }
    .into_any()
}

/// The cursor of the page that the address names.
pub fn use_cursor() -> Memo<Option<String>> {
    let query = use_query_map();
    Memo::new(move |_| query.read().get("cursor"))
}

/// A table of what a list has given. Where there is more, it says so.
pub fn page_table<T>(
    label: &'static str,
    heads: &'static [&'static str],
    page: Page<T>,
    row: impl Fn(T) -> Vec<AnyView>,
) -> AnyView {
    let is_cut = page.next_cursor.is_some();
    let rows: Vec<_> = page.items.into_iter().map(row).collect();
    let shown = rows.len();
    view! {
        {table(label, heads, rows)}
        {is_cut
            .then(|| {
                view! {
                    <p class="muted">{format!("The first {shown} are shown. The API gives the rest.")}</p>
                }
            })}
    }
    .into_any()
}

/// A table. The first cell of each row is its head; `heads` has one word a column.
pub fn table(
    label: &'static str,
    heads: &'static [&'static str],
    rows: Vec<Vec<AnyView>>,
) -> AnyView {
    let body = rows.into_iter().map(|cells| {
        let cells = cells
            .into_iter()
            .zip(heads)
            .enumerate()
            .map(|(at, (cell, head))| {
                if at == 0 {
                    view! { <th scope="row">{cell}</th> }.into_any()
                } else {
                    view! { <td data-label=*head>{cell}</td> }.into_any()
                }
            });
        view! { <tr>{cells.collect_view()}</tr> }
    });
    view! {
        <div class="table-box" role="group" aria-label=label tabindex="0">
            <table>
                <thead>
                    <tr>
                        {heads
                            .iter()
                            .map(|head| view! { <th scope="col">{*head}</th> })
                            .collect_view()}
                    </tr>
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
