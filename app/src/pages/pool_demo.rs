//! The demo on its pool's page: a list that ticks itself, visitors, a server that breaks, and the way out.

use domain::count::counted;
use domain::demo::{Demo, DemoChecklist, DemoFailure, DemoPart, DemoParts, DemoVisit};
use domain::error::ProblemCode;
use domain::event::EventNoun;
use domain::id::PoolId;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::demo::{demo_break, demo_dismiss, demo_read_why, demo_remove, demo_visitors};
use crate::components::badge::Badge;
use crate::components::confirm::{Confirm, use_ready};
use crate::components::data::Data;
use crate::components::live::Live;
use crate::components::load::{Tried, submit, use_go};
use crate::components::table::link;
use crate::components::time::Time;
use crate::pages::pool::PoolData;
use crate::text::words::{Shape, StateWord};

/// The part of a pool's page that tells why.
pub const WHY: &str = "decisions";

/// What stays on the page when its data comes anew.
#[derive(Clone, Copy)]
pub struct Kept {
    tried: Tried,
    said: RwSignal<String>,
}

impl Kept {
    /// Nothing has been done yet.
    pub fn new(tried: Tried) -> Self {
        Self {
            tried,
            said: RwSignal::new(String::new()),
        }
    }
}

/// Does what follows from the page's data: looking at the decisions ticks its line off, and the page of a demo that has been
/// removed is left.
pub fn follow(page: Data<PoolData>, tab: Memo<(&'static str, &'static str)>) {
    let (live, go) = (expect_context::<Live>(), use_go());
    let (told, removed) = (StoredValue::new(false), StoredValue::new(false));
    Effect::new(move |_| {
        let is_reading = tab.get().0 == WHY;
        match page.get() {
            Some(Ok((pool, Some(demo), _))) if demo.pool_id == pool.id => {
                removed.set_value(demo.removing_since.is_some());
                if is_reading && !demo.checklist.why_read && !told.get_value() {
                    told.set_value(true);
                    spawn_local(async move {
                        // Untold, the line stays as it is until the page is opened again.
                        if demo_read_why().await.is_ok() {
                            live.changed(EventNoun::Pool);
                        }
                    });
                }
            }
            Some(Ok(_)) => removed.set_value(false),
            Some(Err(error)) if removed.get_value() && error.0.code == ProblemCode::NotFound => {
                go.run("/admin/pools".to_owned());
            }
            Some(Err(_)) | None => {}
        }
    });
}

/// The demo, as far as it is.
pub fn panel(demo: &Demo, kept: Kept) -> AnyView {
    if demo.removing_since.is_some() {
        return removal(&demo.parts);
    }
    let list =
        (!demo.checklist.dismissed).then(|| checklist(demo.pool_id, demo.checklist, kept.tried));
    let notes = [
        waiting(demo.visitors_waiting),
        demo.breaks_next.then(|| {
            "The next server that is made for the demo fails. Send visitors, or delete a server, so that one is made."
                .to_owned()
        }),
    ];
    let notes = notes.into_iter().flatten();
    let said = kept.said;
    view! {
        <section class="card" aria-labelledby="demo">
            <h2 id="demo">"Try it out"</h2>
            {list}
            {buttons(demo, kept)}
            <p role="status">{move || said.get()}</p>
            {notes.map(|note| view! { <p>{note}</p> }).collect_view()}
            {demo.last_failure.as_ref().map(failure)}
            <p class="muted">
                "Visitors are made up. They ask for sessions as people do, and leave a minute after they got one. "
                "What breaks is the start-up script of one server: on this machine it finds " <code>"WEIR_BREAK"</code> " set."
            </p>
        </section>
    }
    .into_any()
}

/// What there is to see, and where.
fn checklist(id: PoolId, list: DemoChecklist, tried: Tried) -> AnyView {
    let ready = use_ready();
    let live = expect_context::<Live>();
    let Tried { busy, problem } = tried;
    let pool = format!("/admin/pools/{id}");
    let part = |tab: &str| format!("{pool}?tab={tab}");
    let lines = [
        line(
            list.server_ready,
            "Server ready",
            "One is kept ready before anybody asks.",
            part("servers"),
            "Watch it start",
        ),
        line(
            list.session_launched,
            "Launch a session",
            "Open the pool in the portal, as people do.",
            "/portal".to_owned(),
            "To the portal",
        ),
        line(
            list.scaled,
            "See it scale",
            "Servers are made while people wait, and removed when nobody needs them.",
            "#send-visitors".to_owned(),
            "Send visitors",
        ),
        line(
            list.why_read,
            "Read why",
            "Each decision says what was done, what was not, and for which reason.",
            part(WHY),
            "To the decisions",
        ),
    ];
    let dismiss = move |_| {
        submit(busy, problem, demo_dismiss(), move |_| {
            live.changed(EventNoun::Pool);
        });
    };
    let done = list.is_complete().then(|| {
        view! {
            <div class="actions">
                <span>"You have seen all of it."</span>
                <button type="button" class="button" disabled=move || !ready.get() || busy.get() on:click=dismiss>
                    "Hide this list"
                </button>
            </div>
        }
    });
    view! {
        <ol class="checks" aria-label="Checklist">
            {lines.into_iter().collect_view()}
        </ol>
        {done}
    }
    .into_any()
}

fn line(
    done: bool,
    name: &'static str,
    what: &'static str,
    href: String,
    way: &'static str,
) -> AnyView {
    let state = if done {
        StateWord {
            word: "Done",
            shape: Shape::Filled,
        }
    } else {
        StateWord {
            word: "To do",
            shape: Shape::Hollow,
        }
    };
    // A plain link, for one of them leads to a place on this page.
    let way = (!done).then(|| view! { <a href=href>{way}</a> });
    view! {
        <li>
            <Badge state=state /> " " <strong>{name}</strong> " " <span class="muted">{what}</span> " " {way}
        </li>
    }
    .into_any()
}

fn buttons(demo: &Demo, kept: Kept) -> AnyView {
    let live = expect_context::<Live>();
    let ready = use_ready();
    let Kept {
        tried: Tried { busy, problem },
        said,
    } = kept;
    let disabled = move || !ready.get() || busy.get();
    let send = move |_| {
        said.set(String::new());
        submit(busy, problem, demo_visitors(), move |visit| {
            said.set(sent(&visit));
            live.changed(EventNoun::Pool);
            live.changed(EventNoun::Session);
        });
    };
    let break_next = move |_| {
        said.set(String::new());
        submit(busy, problem, demo_break(), move |_| {
            live.changed(EventNoun::Pool);
        });
    };
    let remove = Callback::new(move |()| {
        submit(busy, problem, demo_remove(), move |_| {
            live.changed(EventNoun::Pool);
        });
    });
    view! {
        <div class="actions">
            <button type="button" id="send-visitors" class="button" disabled=disabled on:click=send>
                "Send 12 visitors"
            </button>
            <button type="button" class="button" disabled=disabled on:click=break_next>
                "Break something"
            </button>
            <Confirm
                label="Remove the demo"
                question="Remove the demo?"
                consequence=goes(&demo.parts)
                action="Remove all of it"
                on_confirm=remove
            />
        </div>
    }
    .into_any()
}

fn failure(failure: &DemoFailure) -> AnyView {
    let message = failure
        .message
        .as_ref()
        .map(|message| format!(": {message}"));
    let then = if failure.replaced {
        "Another server has become ready since."
    } else {
        "Another one is made where one is needed."
    };
    view! {
        <p>
            {link(format!("/admin/servers/{}", failure.server_id), &failure.server_name)} " failed "
            <Time at=failure.at /> {message} ". " {then}
        </p>
    }
    .into_any()
}

fn removal(parts: &DemoParts) -> AnyView {
    view! {
        <section class="banner starting" aria-labelledby="demo">
            <h2 id="demo">"The demo is being removed"</h2>
            <p role="status">{left(parts)}</p>
            {stays(parts).into_iter().map(|text| view! { <p>{text}</p> }).collect_view()}
            <p class="muted">"It goes on by itself, also when you close this page or Weir is started anew."</p>
        </section>
    }
    .into_any()
}

/// What became of those who were sent.
fn sent(visit: &DemoVisit) -> String {
    let came = counted(visit.admitted, "visitor came.", "visitors came.");
    match &visit.reason {
        Some(reason) => format!("{came} {} sent away: {reason}", was(visit.refused)),
        None => came,
    }
}

fn was(count: u32) -> String {
    counted(count, "was", "were")
}

fn waiting(visitors: u32) -> Option<String> {
    (visitors > 0).then(|| {
        let wait = counted(visitors, "visitor waits.", "visitors wait.");
        format!("{wait} More can be sent once nobody of them does.")
    })
}

/// What goes with the demo, and what does not.
fn goes(parts: &DemoParts) -> String {
    let things = held(parts);
    let with = if things.is_empty() {
        String::new()
    } else {
        format!(" with {}", things.join(", "))
    };
    let pool = &parts.pool_name;
    let mut sentences = vec![format!("The pool {pool} goes{with}. Sessions end at once.")];
    let unused = part_nouns(parts).filter(|(_, part)| part.used_by.is_empty());
    sentences.extend(unused.map(|(noun, part)| format!("The {noun} {} goes.", part.name)));
    sentences.extend(stays(parts));
    sentences.join(" ")
}

/// What is left of a demo that is being removed.
fn left(parts: &DemoParts) -> String {
    let things = held(parts);
    if things.is_empty() {
        format!("The pool {} is left.", parts.pool_name)
    } else {
        format!("Still there: {}.", things.join(", "))
    }
}

/// What stays, because something else uses it: a sentence each.
fn stays(parts: &DemoParts) -> Vec<String> {
    let used = part_nouns(parts).filter(|(_, part)| !part.used_by.is_empty());
    used.map(|(noun, part)| {
        let users = part.used_by.join(", ");
        format!("The {noun} {} stays, for it is used by {users}.", part.name)
    })
    .collect()
}

fn part_nouns(parts: &DemoParts) -> impl Iterator<Item = (&'static str, &DemoPart)> {
    let nouns = [("provider", &parts.provider), ("zone", &parts.zone)];
    nouns
        .into_iter()
        .filter_map(|(noun, part)| Some((noun, part.as_ref()?)))
}

fn held(parts: &DemoParts) -> Vec<String> {
    let counts = [
        (parts.configs, "autoscale config", "autoscale configs"),
        (parts.servers, "server", "servers"),
        (parts.sessions, "open session", "open sessions"),
        (parts.waiting, "person who waits", "people who wait"),
        (parts.visitors, "visitor", "visitors"),
    ];
    counts
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| counted(count, one, many))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts() -> DemoParts {
        let part = |used_by: &[&str]| {
            let used_by = used_by.iter().map(|&name| name.to_owned()).collect();
            let name = "This machine".to_owned();
            Some(DemoPart { name, used_by })
        };
        DemoParts {
            pool_name: "Demo".to_owned(),
            configs: 1,
            servers: 3,
            visitors: 12,
            provider: part(&["Mine", "Yours"]),
            zone: part(&[]),
            ..DemoParts::default()
        }
    }

    #[test]
    fn what_goes_and_what_stays_is_said_before() {
        assert_eq!(
            goes(&parts()),
            "The pool Demo goes with 1 autoscale config, 3 servers, 12 visitors. Sessions end at once. The zone This machine \
             goes. The provider This machine stays, for it is used by Mine, Yours."
        );
    }

    #[test]
    fn what_is_left_is_said_to_the_end() {
        assert_eq!(
            left(&parts()),
            "Still there: 1 autoscale config, 3 servers, 12 visitors."
        );
        let bare = DemoParts {
            pool_name: "Demo".to_owned(),
            ..DemoParts::default()
        };
        assert_eq!(left(&bare), "The pool Demo is left.");
        assert_eq!(stays(&bare), [""; 0]);
    }

    #[test]
    fn those_who_were_sent_away_are_told_of_with_the_reason() {
        let visit = DemoVisit {
            admitted: 11,
            refused: 1,
            reason: Some("Demo has no free computer.".to_owned()),
        };
        assert_eq!(
            sent(&visit),
            "11 visitors came. 1 was sent away: Demo has no free computer."
        );
    }
}
