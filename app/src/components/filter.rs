//! What a list is narrowed to and sorted by. Both stand in the address: a reload, Back and a link to the page show the same,
//! and the server renders it so.

use domain::page::Page;
use leptos::html;
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};

use crate::components::empty::Empty;
use crate::components::load::use_go;
use crate::text::filter as text;

/// The key in an address of the text that rows must contain.
pub const TEXT: &str = "q";

/// The keys that leave rows out.
const NARROWING: [&str; 3] = [TEXT, "state", "reason"];

/// The keys that say where in a list a page begins: another list begins at its own first page.
const PLACE: [&str; 2] = ["cursor", "up_to"];

/// The value of a key of the address, unless it is empty.
pub fn use_query_value(key: &'static str) -> Memo<Option<String>> {
    let query = use_query_map();
    Memo::new(move |_| {
        query
            .read()
            .get(key)
            .filter(|value| !value.trim().is_empty())
    })
}

/// The text that rows must contain.
pub fn use_wanted_text() -> Memo<Option<String>> {
    use_query_value(TEXT)
}

/// One of a few values of a key of the address.
pub struct Choice {
    /// The key.
    pub key: &'static str,
    /// What people read beside it.
    pub label: &'static str,
    /// What it says without a value.
    pub none: &'static str,
    /// The values, each with its words.
    pub options: Vec<(&'static str, &'static str)>,
}

/// What a list of `what` can be narrowed by: a text, and choices.
pub fn filter_bar(what: &'static str, has_text: bool, choices: Vec<Choice>) -> AnyView {
    let query = use_query_map();
    let own: Vec<&str> = choices.iter().map(|choice| choice.key).collect();
    // While scripts are off, the form leaves out of the address what it does not send.
    let rest = move || {
        let is_rest = |key: &str| key != TEXT && !own.contains(&key) && !PLACE.contains(&key);
        let query = query.get();
        let rest = query.latest_values().filter(|(key, _)| is_rest(key));
        rest.map(|(key, value)| {
            view! { <input type="hidden" name=key.to_string() value=value.to_owned() /> }
        })
        .collect_view()
    };
    view! {
        <form
            class="filter"
            role="search"
            aria-label=text::filter(what)
            method="get"
            on:submit=|event| event.prevent_default()
        >
            {has_text.then(text_box)}
            {choices.into_iter().map(choice_box).collect_view()}
            {rest}
            <noscript inner_html=show_button()></noscript>
        </form>
    }
    .into_any()
}

/// The button of the form while scripts are off. It is put in as text: the browser's parser gives a `noscript` no children while
/// scripts are on, so hydration must not look for any.
fn show_button() -> String {
    format!(r#"<button class="button">{}</button>"#, text::SHOW)
}

fn text_box() -> AnyView {
    let query = use_query_map();
    let wanted = Memo::new(move |_| query.read().get(TEXT).unwrap_or_default());
    let narrow = use_narrow();
    let input = NodeRef::<html::Input>::new();
    // What was typed before the browser took the page over counts; after that, Back and links put in what they say.
    Effect::new(move |is_later: Option<bool>| {
        let wanted = wanted.get();
        let Some(input) = input.get() else {
            return false;
        };
        let typed = input.value();
        if typed != wanted {
            if is_later == Some(true) {
                input.set_value(&wanted);
            } else {
                narrow.run((TEXT, typed, true));
            }
        }
        true
    });
    view! {
        <label>
            {text::FILTER}
            <input
                type="search"
                name=TEXT
                autocomplete="off"
                value=wanted.get_untracked()
                node_ref=input
                // No entry of the history for each letter.
                on:input=move |event| narrow.run((TEXT, event_target_value(&event), true))
            />
        </label>
    }
    .into_any()
}

fn choice_box(choice: Choice) -> AnyView {
    let Choice {
        key,
        label,
        none,
        options,
    } = choice;
    let chosen = use_query_value(key);
    let narrow = use_narrow();
    let options = options.into_iter().map(|(value, words)| {
        let is_chosen = move || chosen.get().as_deref() == Some(value);
        view! {
            <option value=value selected=untrack(is_chosen) prop:selected=is_chosen>
                {words}
            </option>
        }
    });
    view! {
        <label>
            {label} " "
            <select name=key on:change=move |event| narrow.run((key, event_target_value(&event), false))>
                <option value="" prop:selected=move || chosen.get().is_none()>
                    {none}
                </option>
                {options.collect_view()}
            </select>
        </label>
    }
    .into_any()
}

/// Puts a value for a key into the address, in place of the present address or after it.
fn use_narrow() -> Callback<(&'static str, String, bool)> {
    let (address_with, go) = (use_list_address_with(), use_go());
    Callback::new(
        move |(key, value, in_place): (&'static str, String, bool)| {
            let value = (!value.is_empty()).then_some(value);
            go.stay(address_with(key, value), in_place);
        },
    )
}

/// The address of the first page of the list with another value for a key, or without it.
pub fn use_list_address_with()
-> impl Fn(&'static str, Option<String>) -> String + Copy + Send + Sync + 'static {
    let (path, query) = (use_location().pathname, use_query_map());
    move |key, value| {
        let mut query = query.get_untracked();
        for key in PLACE {
            query.remove(key);
        }
        match value {
            Some(value) => query.replace(key, value),
            None => {
                query.remove(key);
            }
        }
        format!("{}{}", path.get_untracked(), query.to_query_string())
    }
}

/// What stands where a narrowed list would, when nothing of it is left; nothing for a list that is not narrowed.
pub fn none_left() -> Option<AnyView> {
    let (path, mut query) = (
        use_location().pathname.get_untracked(),
        use_query_map().get_untracked(),
    );
    let text = query.get(TEXT);
    let removed: Vec<_> = NARROWING
        .iter()
        .filter_map(|key| query.remove(key))
        .collect();
    if removed.is_empty() {
        return None;
    }
    let said = match text {
        Some(text) => text::no_match(&text),
        None => text::NO_MATCH.to_owned(),
    };
    let href = format!("{path}{}", query.to_query_string());
    let view = view! {
        <Empty text=said>
            <p>
                <a href=href>{text::CLEAR}</a>
            </p>
        </Empty>
    };
    Some(view.into_any())
}

/// The rows of a list in which each word of the text stands somewhere in what `texts` gives of them.
pub fn narrowed<T>(mut page: Page<T>, wanted: Option<&str>, texts: fn(&T) -> String) -> Page<T> {
    if let Some(wanted) = wanted {
        page.items.retain(|item| contains(&texts(item), wanted));
    }
    page
}

/// Whether each word of `wanted` stands somewhere in the text, in capitals or not.
pub fn contains(text: &str, wanted: &str) -> bool {
    let text = text.to_lowercase();
    wanted
        .to_lowercase()
        .split_whitespace()
        .all(|word| text.contains(word))
}

/// What a list is sorted by: `?sort=waiting`, or `?sort=-waiting` for the largest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sort {
    key: String,
    is_down: bool,
}

/// By what to sort an item: a number, then a text.
pub type Rank = (i64, String);

impl Sort {
    fn parse(text: &str) -> Self {
        let key = text.strip_prefix('-');
        Self {
            key: key.unwrap_or(text).to_owned(),
            is_down: key.is_some(),
        }
    }

    /// Sorts, where `rank` knows the key; else all stays as it came.
    pub fn apply<T>(&self, items: &mut [T], rank: fn(&T, &str) -> Option<Rank>) {
        items.sort_by_cached_key(|item| rank(item, &self.key));
        let is_known = items
            .first()
            .is_some_and(|item| rank(item, &self.key).is_some());
        if self.is_down && is_known {
            items.reverse();
        }
    }

    /// For people who listen, how the column of this key is sorted.
    pub fn aria(&self, key: &str) -> Option<&'static str> {
        (self.key == key).then_some(if self.is_down {
            "descending"
        } else {
            "ascending"
        })
    }

    /// The value of the address that sorts by this column, or turns it round.
    pub fn next(&self, key: &str) -> String {
        if self.key == key && !self.is_down {
            format!("-{key}")
        } else {
            key.to_owned()
        }
    }
}

/// What the address sorts by.
pub fn use_sort() -> Sort {
    Sort::parse(&use_query_value("sort").get().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_must_be_there_in_capitals_or_not() {
        assert!(contains("Finance desktops Ready", "fin ready"));
        assert!(contains("Büro", "BÜ"));
        assert!(!contains("Finance desktops Ready", "fin full"));
        assert!(contains("anything", "  "));
    }

    #[test]
    fn a_list_is_sorted_both_ways_and_left_alone_by_an_unknown_key() {
        let rank = |item: &(&str, i64), key: &str| match key {
            "name" => Some((0, item.0.to_owned())),
            "size" => Some((item.1, String::new())),
            _ => None,
        };
        let sorted = |text: &str| {
            let mut items = [("b", 10), ("c", 9), ("a", 2)];
            Sort::parse(text).apply(&mut items, rank);
            items.map(|(name, _)| name).concat()
        };
        assert_eq!(sorted("name"), "abc");
        assert_eq!(sorted("-name"), "cba");
        assert_eq!(sorted("size"), "acb");
        for unknown in ["", "-", "colour", "-colour"] {
            assert_eq!(sorted(unknown), "bca", "{unknown}");
        }
    }

    #[test]
    fn a_column_turns_round_when_it_is_chosen_again() {
        let sort = Sort::parse("name");
        assert_eq!(sort.next("name"), "-name");
        assert_eq!(sort.next("size"), "size");
        assert_eq!(Sort::parse("-name").next("name"), "name");
        assert_eq!(sort.aria("name"), Some("ascending"));
        assert_eq!(Sort::parse("-name").aria("name"), Some("descending"));
        assert_eq!(sort.aria("size"), None);
    }
}
