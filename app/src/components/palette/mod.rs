//! The palette: Ctrl+K or Cmd+K opens a box that finds pages, pools, servers, people (of those the first page of each list) and what
//! can be done where one is.

mod asked;

use domain::event::EventNoun;
use domain::id::PoolId;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::{ev, html};
use leptos_router::hooks::use_location;
use web_sys::{KeyboardEvent, ScrollIntoViewOptions, ScrollLogicalPosition};

use crate::components::confirm::use_ready;
use crate::components::dialog::is_shown;
use crate::components::filter::contains;
use crate::components::frame::{MENU, PAUSES};
use crate::components::live::Live;
use crate::components::load::{Tried, submit, use_go};
use crate::components::pause::Pause;
use crate::components::problem::LastProblem;
use crate::components::theme::{ChosenTheme, Theme};
use crate::pages::pool_decisions::decisions_address;
use crate::text::{common, frame, manual, palette as text};

/// So many are shown: who looks for more types another letter.
const SHOWN: usize = 50;

/// Pages that everyone may open.
const EVERYONES: [(&str, &str); 4] = [
    ("/portal", common::PORTAL),
    ("/portal/profile", common::PROFILE),
    ("/docs/reasons", manual::REASONS),
    ("/docs/problems", manual::PROBLEMS),
];

/// Pages that make something, for admins.
const NEW: [(&str, &str); 6] = [
    ("/admin/pools/new", common::NEW_POOL),
    ("/admin/providers/new", common::NEW_PROVIDER),
    ("/admin/zones/new", common::NEW_ZONE),
    ("/admin/directories/new", common::NEW_DIRECTORY),
    ("/admin/users/new", common::NEW_PERSON),
    ("/admin/api-keys/new", common::NEW_API_KEY),
];

/// Something that can be chosen.
#[derive(Clone, Debug, PartialEq)]
struct Entry {
    label: String,
    /// What kind of thing it is.
    kind: &'static str,
    does: Does,
}

/// What choosing it does.
#[derive(Clone, Debug, PartialEq)]
enum Does {
    Go(String),
    Theme(Theme),
    Pause(Pause),
    SignOut,
}

fn entry(label: impl Into<String>, kind: &'static str, does: Does) -> Entry {
    Entry {
        label: label.into(),
        kind,
        does,
    }
}

/// What is there without asking the server: what can be done with the pool of this page, the pages, the theme, the way out.
fn known(is_admin: bool, pool: Option<PoolId>) -> Vec<Entry> {
    let of_pool = pool.into_iter().flat_map(|id| {
        let here = |label, path| {
            entry(
                label,
                text::THIS_POOL,
                Does::Go(format!("/admin/pools/{id}{path}")),
            )
        };
        [
            here(text::CHANGE_THIS, "/edit"),
            here(text::SCALE_THIS, "/scaling/new"),
            entry(
                text::DECISIONS_ABOUT_THIS,
                text::THIS_POOL,
                Does::Go(decisions_address(id)),
            ),
        ]
    });
    let page = |kind| {
        move |(path, word): &(&'static str, &'static str)| {
            entry(*word, kind, Does::Go((*path).to_owned()))
        }
    };
    let admins = MENU
        .iter()
        .map(page(text::PAGE))
        .chain(NEW.iter().map(page(common::ACTION)));
    let pause = entry(text::PAUSE, common::ACTION, Does::Go(PAUSES.to_owned()));
    let themes = Theme::ALL.into_iter().map(|theme| {
        entry(
            text::theme(theme.label()),
            common::ACTION,
            Does::Theme(theme),
        )
    });
    of_pool
        .chain(admins)
        .chain([pause])
        .filter(|_| is_admin)
        .chain(EVERYONES.iter().map(page(text::PAGE)))
        .chain(themes)
        .chain([entry(frame::SIGN_OUT, common::ACTION, Does::SignOut)])
        .collect()
}

/// The places of those that have all words of the text, first those that begin with it.
fn found(entries: &[Entry], text: &str) -> Vec<usize> {
    let begins = text.trim().to_lowercase();
    let is_found = |at: &usize| {
        contains(
            &format!("{} {}", entries[*at].label, entries[*at].kind),
            text,
        )
    };
    let mut found: Vec<usize> = (0..entries.len()).filter(is_found).collect();
    found.sort_by_key(|at| {
        let label = entries[*at].label.to_lowercase();
        (label != begins, !label.starts_with(&begins))
    });
    found.truncate(SHOWN);
    found
}

/// The pool that a page is about.
fn pool_of(path: &str) -> Option<PoolId> {
    let rest = path.strip_prefix("/admin/pools/")?;
    rest.split('/').next()?.parse().ok()
}

/// What the palette holds while it is open.
#[derive(Clone, Copy)]
struct Palette {
    dialog: NodeRef<html::Dialog>,
    is_open: RwSignal<bool>,
    entries: RwSignal<Vec<Entry>>,
    text: RwSignal<String>,
    found: Memo<Vec<usize>>,
    /// Which of those found is the active one.
    at: RwSignal<usize>,
    tried: Tried,
    /// Whether more may come from the server.
    asking: RwSignal<bool>,
    /// How often it has been opened: an answer that comes after its time is left out.
    opened: StoredValue<u32>,
    run: Callback<Does>,
}

/// The button that opens the palette, and the palette. `sign_out` is the form that signs out.
pub fn palette(is_admin: bool, sign_out: NodeRef<html::Form>) -> AnyView {
    let path = use_location().pathname;
    let ready = use_ready();
    let palette = Palette::new(sign_out);
    let open = move || palette.open(is_admin, &path.get_untracked());
    Effect::new(move |_| {
        let listener = window_event_listener(ev::keydown, move |event| {
            let has_modifier = event.ctrl_key() || event.meta_key();
            let has_other = event.alt_key() || event.shift_key();
            if has_modifier && !has_other && event.key().eq_ignore_ascii_case("k") {
                event.prevent_default();
                open();
            }
        });
        on_cleanup(move || listener.remove());
    });
    view! {
        <button
            type="button"
            class="button search"
            aria-haspopup="dialog"
            aria-keyshortcuts="Control+K Meta+K"
            disabled=move || !ready.get()
            on:click=move |_| open()
        >
            <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
                <path d="M7 2a5 5 0 1 1 0 10a5 5 0 1 1 0-10zM10.7 10.7L14.5 14.5" />
            </svg>
            <span class="word">{text::OPEN}</span>
            <kbd>{text::KEYS}</kbd>
        </button>
        {box_of(palette)}
    }
    .into_any()
}

/// An admin's palette once this has been typed, for the gallery. Its dialog is closed: what is on the page shows it.
#[cfg(debug_assertions)]
pub fn typed(text: &str) -> AnyView {
    let palette = Palette::new(NodeRef::new());
    palette.entries.set(known(true, None));
    palette.text.set(text.to_owned());
    palette.is_open.set(true);
    box_of(palette)
}

fn box_of(palette: Palette) -> AnyView {
    view! {
        <dialog
            node_ref=palette.dialog
            class="dialog palette"
            aria-label=text::SEARCH
            on:close=move |_| palette.is_open.set(is_shown(palette.dialog))
        >
            // Not there while it is closed: nobody finds its label on the page then.
            {move || palette.is_open.get().then(|| content(palette))}
        </dialog>
    }
    .into_any()
}

impl Palette {
    fn new(sign_out: NodeRef<html::Form>) -> Self {
        let (live, go, theme) = (
            expect_context::<Live>(),
            use_go(),
            expect_context::<ChosenTheme>(),
        );
        let dialog = NodeRef::<html::Dialog>::new();
        let (entries, text) = (RwSignal::new(Vec::new()), RwSignal::new(String::new()));
        let tried = Tried::new();
        let close = move || {
            if let Some(dialog) = dialog.get_untracked() {
                // The focus goes back to where it was.
                dialog.close();
            }
        };
        let run = Callback::new(move |does: Does| match does {
            Does::Pause(pause) => {
                let turned = async move { asked::turn(pause).await?.await };
                submit(tried.busy, tried.problem, turned, move |()| {
                    live.changed(EventNoun::Pool);
                    close();
                });
            }
            Does::Go(path) => {
                close();
                go.run(path);
            }
            Does::Theme(chosen) => {
                close();
                theme.set(chosen);
            }
            Does::SignOut => {
                close();
                if let Some(form) = sign_out.get_untracked() {
                    // It has no field that could be wrong.
                    let _ = form.request_submit();
                }
            }
        });
        Self {
            dialog,
            is_open: RwSignal::new(false),
            entries,
            text,
            found: Memo::new(move |_| entries.with(|entries| found(entries, &text.read()))),
            at: RwSignal::new(0),
            tried,
            asking: RwSignal::new(false),
            opened: StoredValue::new(0),
            run,
        }
    }

    fn open(self, is_admin: bool, path: &str) {
        let Some(dialog) = self.dialog.get_untracked().filter(|dialog| !dialog.open()) else {
            return;
        };
        let pool = pool_of(path).filter(|_| is_admin);
        self.text.set(String::new());
        self.at.set(0);
        self.tried.problem.set(None);
        self.entries.set(known(is_admin, pool));
        self.is_open.set(true);
        // It fails only for a dialog that is open already.
        let _ = dialog.show_modal();
        let opened = self.opened.get_value().wrapping_add(1);
        self.opened.set_value(opened);
        self.asking.set(is_admin);
        if is_admin {
            spawn_local(async move {
                let more = match asked::ask(pool).await {
                    Ok(more) => Ok(more.await),
                    Err(error) => Err(error.into()),
                };
                if self.opened.try_get_value() != Some(opened) {
                    return;
                }
                let _ = self.asking.try_set(false);
                match more {
                    // At the end, so that nothing moves under the one who is about to choose.
                    Ok(more) => drop(self.entries.try_update(|entries| entries.extend(more))),
                    // The pages can still be found.
                    Err(error) => drop(self.tried.problem.try_set(Some(error))),
                }
            });
        }
    }

    fn choose(self, at: usize) {
        let chosen = self.found.with_untracked(|found| found.get(at).copied());
        let entry = chosen.and_then(|at| {
            self.entries
                .with_untracked(|entries| entries.get(at).cloned())
        });
        if let Some(entry) = entry.filter(|_| !self.tried.busy.get_untracked()) {
            self.run.run(entry.does);
        }
    }

    fn type_in(self, text: String) {
        self.text.set(text);
        self.at.set(0);
    }

    fn press(self, event: &KeyboardEvent) {
        let count = self.found.with_untracked(Vec::len).max(1);
        let at = self.at.get_untracked().min(count - 1);
        let next = match event.key().as_str() {
            "ArrowDown" => (at + 1) % count,
            "ArrowUp" => (at + count - 1) % count,
            "Enter" => {
                event.prevent_default();
                return self.choose(at);
            }
            _ => return,
        };
        event.prevent_default();
        self.at.set(next);
        if let Some(option) = document().get_element_by_id(&option_id(next)) {
            let near = ScrollIntoViewOptions::new();
            near.set_block(ScrollLogicalPosition::Nearest);
            option.scroll_into_view_with_scroll_into_view_options(&near);
        }
    }
}

fn option_id(at: usize) -> String {
    format!("palette-{at}")
}

fn content(palette: Palette) -> AnyView {
    let Palette {
        found, at, tried, ..
    } = palette;
    let input = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        if let Some(input) = input.get() {
            // It can be given the focus as soon as it is there.
            let _ = input.focus();
        }
    });
    let is_empty = Memo::new(move |_| found.with(Vec::is_empty));
    let options = move || {
        let entries = palette.entries.read();
        let entries = found
            .get()
            .into_iter()
            .filter_map(|at| entries.get(at).cloned());
        entries
            .enumerate()
            .map(|(at, entry)| option(palette, at, entry))
            .collect_view()
    };
    let close = move |_| {
        if let Some(dialog) = palette.dialog.get_untracked() {
            dialog.close();
        }
    };
    view! {
        <div class="palette-head">
            <input
                node_ref=input
                type="text"
                role="combobox"
                aria-label=text::LABEL
                aria-autocomplete="list"
                aria-controls="palette-list"
                aria-expanded=move || if is_empty.get() { "false" } else { "true" }
                aria-activedescendant=move || (!is_empty.get()).then(|| option_id(at.get()))
                placeholder=text::PLACEHOLDER
                autocomplete="off"
                spellcheck="false"
                on:input=move |event| palette.type_in(event_target_value(&event))
                on:keydown=move |event| palette.press(&event)
            />
            <button type="button" class="button" on:click=close>
                {text::CLOSE}
            </button>
        </div>
        <LastProblem problem=tried.problem />
        <ul id="palette-list" role="listbox" aria-label=text::FOUND>
            {options}
        </ul>
        <p role="status" class="muted">
            {move || match (is_empty.get(), palette.asking.get()) {
                (false, _) => "",
                (true, true) => text::STILL_LOOKING,
                (true, false) => text::NOTHING_FOUND,
            }}
        </p>
    }
    .into_any()
}

fn option(palette: Palette, at: usize, entry: Entry) -> AnyView {
    let is_active = move || {
        if palette.at.get() == at {
            "true"
        } else {
            "false"
        }
    };
    view! {
        <li
            id=option_id(at)
            role="option"
            aria-selected=is_active
            // The focus stays in the box.
            on:mousedown=|event| event.prevent_default()
            on:click=move |_| palette.choose(at)
        >
            {entry.label}
            " "
            <span class="muted">{entry.kind}</span>
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BARE: &str = "01980000-0000-7000-8000-000000000001";

    fn pool_id() -> PoolId {
        PoolId::from_bare(BARE).expect("an id")
    }

    fn paths(entries: &[Entry]) -> Vec<&str> {
        entries
            .iter()
            .filter_map(|entry| match &entry.does {
                Does::Go(path) => Some(path.as_str()),
                Does::Theme(_) | Does::Pause(_) | Does::SignOut => None,
            })
            .collect()
    }

    #[test]
    fn people_find_only_what_they_may_open() {
        let own = known(false, Some(pool_id()));
        assert!(
            paths(&own).iter().all(|path| !path.starts_with("/admin")),
            "{own:?}"
        );
        assert!(own.iter().any(|entry| entry.does == Does::SignOut));
        let all = known(true, None);
        for (path, _) in MENU.iter().chain(&NEW).chain(&EVERYONES) {
            assert!(paths(&all).contains(path), "{path}");
        }
    }

    #[test]
    fn what_can_be_done_with_the_pool_of_the_page_comes_first() {
        let id = pool_id();
        assert_eq!(pool_of(&format!("/admin/pools/{id}")), Some(id));
        assert_eq!(pool_of(&format!("/admin/pools/{id}/edit")), Some(id));
        assert_eq!(pool_of("/admin/pools/new"), None);
        assert_eq!(pool_of(&format!("/admin/servers/{id}")), None);
        let first = &known(true, Some(id))[0];
        assert_eq!(first.does, Does::Go(format!("/admin/pools/{id}/edit")));
    }
}
