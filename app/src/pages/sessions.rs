//! Sessions as a list: those of a pool, or of all pools, and who waits for one.

use domain::event::EventNoun;
use domain::id::PoolId;
use domain::page::Page;
use domain::session::{Session, Wait};
use leptos::html;
use leptos::prelude::*;
use leptos_meta::Title;

use crate::api::ApiResult;
use crate::api::server::server_drain;
use crate::api::session::{session_end, session_list};
use crate::components::badge::Badge;
use crate::components::confirm::Confirm;
use crate::components::data::{Data, data};
use crate::components::filter::{filter_bar, use_wanted_text};
use crate::components::live::Live;
use crate::components::load::{Tried, loaded, submit};
use crate::components::problem::LastProblem;
use crate::components::table::{Table, link, use_cursor};
use crate::components::time::{Age, Time};
use crate::text::{common, sessions as text, words};

/// The open sessions of all pools.
#[component]
pub fn SessionsPage() -> impl IntoView {
    let tried = Tried::new();
    view! {
        <Title text=common::SESSIONS />
        <h1>{common::SESSIONS}</h1>
        <LastProblem problem=tried.problem />
        {sessions(None, tried)}
    }
}

/// Everyone who waits, in all pools, and why.
#[component]
pub fn QueuePage() -> impl IntoView {
    let tried = Tried::new();
    view! {
        <Title text=common::QUEUE />
        <h1>{common::QUEUE}</h1>
        <LastProblem problem=tried.problem />
        {queue(None, tried)}
    }
}

/// A pool that a list is about; without one it is about all pools, and each row says of which it is.
type OfPool = Option<Signal<ApiResult<PoolId>>>;

/// What a list is about: what all its rows share is in none of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All pools.
    All,
    /// One pool.
    Pool,
    /// One server.
    Server,
}

fn scope(pool: OfPool) -> Scope {
    pool.map_or(Scope::All, |_| Scope::Pool)
}

/// Who has a session.
pub fn sessions(pool: OfPool, tried: Tried) -> AnyView {
    let page = listed(pool, false);
    view! {
        {filter_bar(text::FILTERED, true, Vec::new())}
        {session_table(page, scope(pool), tried)}
    }
    .into_any()
}

/// Who waits for one.
pub fn queue(pool: OfPool, tried: Tried) -> AnyView {
    let page = listed(pool, true);
    view! {
        {filter_bar(text::FILTERED_QUEUE, true, Vec::new())}
        {queue_table(page, scope(pool), tried)}
    }
    .into_any()
}

fn listed(pool: OfPool, waiting: bool) -> Data<Page<Session>> {
    let live = expect_context::<Live>();
    let (person, cursor) = (use_wanted_text(), use_cursor());
    data(move || {
        let (person, cursor) = (person.get(), cursor.get());
        let pool = pool.map(|pool| pool.get()).transpose();
        live.follow(&[EventNoun::Session]);
        async move { session_list(pool?, None, Some(waiting), person, cursor).await }
    })
}

/// Open sessions.
pub fn session_table(sessions: Data<Page<Session>>, scope: Scope, tried: Tried) -> AnyView {
    let cells = move |session: Session| {
        let mut cells = named(&session, scope);
        cells.push(view! { <Badge state=words::session(&session) /> }.into_any());
        cells.push(view! { <Time at=session.requested_at /> }.into_any());
        if scope != Scope::Server {
            let server = session.status.server().zip(session.server_name.as_deref());
            let server = server.map(|(id, name)| link(format!("/admin/servers/{id}"), name));
            cells.push(server.into_any());
        }
        cells.push(end_button(&session, tried));
        cells
    };
    let heads: &[_] = match scope {
        Scope::All => &[
            common::PERSON,
            common::POOL,
            common::STATE,
            common::ASKED_FOR,
            common::SERVER,
            common::ACTIONS,
        ],
        Scope::Pool => &[
            common::PERSON,
            common::STATE,
            common::ASKED_FOR,
            common::SERVER,
            common::ACTIONS,
        ],
        Scope::Server => &[
            common::PERSON,
            common::STATE,
            common::ASKED_FOR,
            common::ACTIONS,
        ],
    };
    let table = Table::new(common::SESSIONS, heads, key, cells);
    loaded(sessions, move |page| table.paged(text::NONE, page))
}

fn queue_table(sessions: Data<Page<Session>>, scope: Scope, tried: Tried) -> AnyView {
    let cells = move |session: Session| {
        let wait = session.wait.as_ref();
        let mut cells = named(&session, scope);
        cells.extend([
            wait.map(|wait| words::ordinal(wait.position)).into_any(),
            view! { <Age since=session.requested_at /> }.into_any(),
            wait.map(why).into_any(),
            end_button(&session, tried),
        ]);
        cells
    };
    let heads: &[_] = if scope == Scope::All {
        &[
            common::PERSON,
            common::POOL,
            text::PLACE,
            text::WAITS_FOR,
            common::WHY,
            common::ACTIONS,
        ]
    } else {
        &[
            common::PERSON,
            text::PLACE,
            text::WAITS_FOR,
            common::WHY,
            common::ACTIONS,
        ]
    };
    let table = Table::new(common::QUEUE, heads, key, cells);
    loaded(sessions, move |page| table.paged(text::NONE_WAITS, page))
}

/// What holds the pool back; where nothing does, what who waits is told.
fn why(wait: &Wait) -> String {
    if wait.obstacles.is_empty() {
        wait.explanation.clone()
    } else {
        wait.obstacles.join(" ")
    }
}

fn key(session: &Session) -> String {
    session.id.to_string()
}

/// The first cells of a row: the person, and the pool where the list is about more than one.
fn named(session: &Session, scope: Scope) -> Vec<AnyView> {
    let path = || format!("/admin/pools/{}", session.pool_id);
    let pool = (scope == Scope::All).then(|| link(path(), &session.pool_name));
    [session.user_name.clone().into_any()]
        .into_iter()
        .chain(pool)
        .collect()
}

fn end_button(session: &Session, tried: Tried) -> AnyView {
    let live = expect_context::<Live>();
    let Tried { busy, problem } = tried;
    let (id, person, server) = (session.id, &session.user_name, session.status.server());
    // The box itself knows whether it is ticked: the row is drawn anew with each word of its session.
    let drains = NodeRef::<html::Input>::new();
    let end = Callback::new(move |()| {
        let is_ticked = drains
            .get_untracked()
            .is_some_and(|drains| drains.checked());
        let drained = server.filter(|_| is_ticked);
        let call = async move {
            // First, or whoever asks again is seated there once more. The session ends all the same.
            let drain = match drained {
                Some(server) => server_drain(server).await.map(|_| ()),
                None => Ok(()),
            };
            session_end(id).await?;
            drain
        };
        submit(busy, problem, call, move |()| {
            live.changed(EventNoun::Session);
        });
    });
    let drain = server.map(|_| {
        let id = format!("drain-{id}");
        view! {
            <div class="check">
                <input
                    type="checkbox"
                    id=id.clone()
                    node_ref=drains
                />
                <label for=id>{text::DRAIN_TOO}</label>
            </div>
        }
    });
    view! {
        <Confirm
            label=common::END
            about=text::session_of(person)
            question=text::end_question(person)
            consequence=text::END_HELP
            action=text::END
            on_confirm=end
        >
            {drain}
        </Confirm>
    }
    .into_any()
}
