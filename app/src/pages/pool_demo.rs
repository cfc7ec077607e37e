//! The demo on its pool's page: a list that ticks itself, visitors, a server that breaks, and the way out.

use domain::demo::{Demo, DemoChecklist, DemoFailure, DemoParts};
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
use crate::text::pool_demo as text;
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
        text::waiting(demo.visitors_waiting),
        demo.breaks_next.then(|| text::BREAKS_NEXT.to_owned()),
    ];
    let notes = notes.into_iter().flatten();
    let said = kept.said;
    view! {
        <section class="card" aria-labelledby="demo">
            <h2 id="demo">{text::TITLE}</h2>
            {list}
            {buttons(demo, kept)}
            <p role="status">{move || said.get()}</p>
            {notes.map(|note| view! { <p>{note}</p> }).collect_view()}
            {demo.last_failure.as_ref().map(failure)}
            <p class="muted">
                {text::VISITORS_HELP} <code>"WEIR_BREAK"</code> {text::VISITORS_HELP_END}
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
            text::SERVER_READY,
            text::SERVER_READY_HELP,
            part("servers"),
            text::WATCH_START,
        ),
        line(
            list.session_launched,
            text::LAUNCH,
            text::LAUNCH_HELP,
            "/portal".to_owned(),
            text::TO_PORTAL,
        ),
        line(
            list.scaled,
            text::SCALE,
            text::SCALE_HELP,
            "#send-visitors".to_owned(),
            text::SEND_VISITORS,
        ),
        line(
            list.why_read,
            text::READ_WHY,
            text::READ_WHY_HELP,
            part(WHY),
            text::TO_DECISIONS,
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
                <span>{text::ALL_SEEN}</span>
                <button type="button" class="button" disabled=move || !ready.get() || busy.get() on:click=dismiss>
                    {text::HIDE}
                </button>
            </div>
        }
    });
    view! {
        <ol class="checks" aria-label=text::CHECKLIST>
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
            word: text::DONE,
            shape: Shape::Filled,
        }
    } else {
        StateWord {
            word: text::TO_DO,
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
            said.set(text::sent(&visit));
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
                {text::SEND}
            </button>
            <button type="button" class="button" disabled=disabled on:click=break_next>
                {text::BREAK}
            </button>
            <Confirm
                label=text::REMOVE
                question=text::REMOVE_QUESTION
                consequence=text::goes(&demo.parts)
                action=text::REMOVE_ALL
                on_confirm=remove
            />
        </div>
    }
    .into_any()
}

fn failure(failure: &DemoFailure) -> AnyView {
    let message = failure.message.as_deref().map(text::failed_with);
    let then = if failure.replaced {
        text::REPLACED
    } else {
        text::REPLACED_LATER
    };
    view! {
        <p>
            {link(format!("/admin/servers/{}", failure.server_id), &failure.server_name)} {text::FAILED}
            <Time at=failure.at /> {message} {text::FAILED_END} {then}
        </p>
    }
    .into_any()
}

fn removal(parts: &DemoParts) -> AnyView {
    view! {
        <section class="banner starting" aria-labelledby="demo">
            <h2 id="demo">{text::REMOVING}</h2>
            <p role="status">{text::left(parts)}</p>
            {text::stays(parts).into_iter().map(|stays| view! { <p>{stays}</p> }).collect_view()}
            <p class="muted">{text::REMOVING_HELP}</p>
        </section>
    }
    .into_any()
}
