//! One server: its state, what is known of it, and what an admin can do.

use domain::event::EventNoun;
use domain::id::ServerId;
use domain::server::{Origin, Server, ServerState};
use domain::timestamp::Timestamp;
use futures::try_join;
use leptos::prelude::*;
use leptos_meta::Title;

use crate::api::server::{
    server_delete, server_drain, server_get, server_history_get, server_undrain,
};
use crate::api::session::session_list;
use crate::components::act::Act;
use crate::components::badge::Badge;
use crate::components::confirm::Confirm;
use crate::components::data::data;
use crate::components::live::Live;
use crate::components::load::{Tried, loaded, loaded_page, submit, use_id};
use crate::components::problem::LastProblem;
use crate::components::table::{facts, link, use_cursor};
use crate::components::time::{Age, Now, Time};
use crate::pages::server_console::{console_of, console_section};
use crate::pages::server_start::start_section;
use crate::pages::sessions::{Scope, session_table};
use crate::text::confirm::delete as delete_question;
use crate::text::{common, server as text, words};

/// The server of this address.
#[component]
pub fn ServerPage() -> impl IntoView {
    let live = expect_context::<Live>();
    let id = use_id::<ServerId>(text::NOUN);
    let server = data(move || {
        let id = id.get();
        // What it is called depends on who is on it.
        live.follow(&[EventNoun::Server, EventNoun::Session]);
        async move {
            let id = id?;
            try_join!(server_get(id), server_history_get(id))
        }
    });
    let cursor = use_cursor();
    let sessions = data(move || {
        let (id, cursor) = (id.get(), cursor.get());
        live.follow(&[EventNoun::Session]);
        async move { session_list(None, Some(id?), None, None, cursor).await }
    });
    let console = console_of(id);
    let tried = Tried::new();
    view! {
        <Title text=text::TITLE />
        {loaded_page(server, move |(server, _)| head(&server, tried))}
        <LastProblem problem=tried.problem />
        <section aria-labelledby="sessions">
            <h2 id="sessions">{common::SESSIONS}</h2>
            {session_table(sessions, Scope::Server, tried)}
        </section>
        <section aria-labelledby="start">
            <h2 id="start">{common::START}</h2>
            {loaded(server, |(server, history)| start_section(&server, &history))}
        </section>
        {console_section(console)}
    }
}

fn head(server: &Server, tried: Tried) -> AnyView {
    let address = server
        .status
        .address()
        .map(|address| format!("{}:{}", address.host, address.port));
    let machine = server.status.machine().map(|machine| machine.0.clone());
    let origin = match server.origin {
        Origin::Scaled { config_version, .. } => text::by_the_loop(config_version),
        Origin::Fixed => text::BY_HAND.to_owned(),
    };
    let mut pairs = vec![
        (
            common::POOL,
            link(
                format!("/admin/pools/{}", server.pool_id),
                &server.pool_name,
            ),
        ),
        (
            text::IN_STATE_FOR,
            view! { <Age since=server.state_since /> }.into_any(),
        ),
        (
            common::ASKED_FOR,
            view! { <Time at=server.created_at /> }.into_any(),
        ),
        (text::ORIGIN, origin.into_any()),
        (common::PROTOCOL, server.protocol.label().into_any()),
        (
            common::SESSIONS,
            text::sessions(server.open_sessions, server.limits.max_sessions).into_any(),
        ),
    ];
    // What is not known is not listed.
    let known = [
        (text::ADDRESS, address),
        (text::MACHINE, machine),
        (text::LAST_MESSAGE, server.message.clone()),
        (text::HOST_KEY, server.host_key.clone()),
    ];
    pairs.extend(known.into_iter().filter_map(|(word, text)| {
        let text = text?;
        Some((word, view! { <span class="break">{text}</span> }.into_any()))
    }));
    if let Some(at) = server.checked_in_at {
        pairs.push((text::CHECKED_IN, view! { <Time at=at /> }.into_any()));
    }
    view! {
        <Title text=server.name.clone() />
        <div class="page-head">
            <h1>{server.name.clone()}</h1>
            <Badge state=words::server(server) />
            {actions(server, tried)}
        </div>
        {words::server_why(server).map(|why| view! { <p class="lead">{why}</p> })}
        {facts(pairs)}
    }
    .into_any()
}

/// What an admin can do with a server. Also stands in the pool's table of servers.
pub fn actions(server: &Server, tried: Tried) -> AnyView {
    let live = expect_context::<Live>();
    let Tried { busy, problem } = tried;
    let id = server.id;
    let is_draining = matches!(server.status, ServerState::Draining { .. });
    let is_running = matches!(server.status, ServerState::Running { .. });
    // One button, whose word changes: it keeps the focus.
    let drain = (is_running || is_draining).then(|| {
        let label = if is_draining {
            text::TAKE_BACK
        } else {
            text::DRAIN
        };
        let done = move |_| live.changed(EventNoun::Server);
        let act = Callback::new(move |()| {
            if is_draining {
                submit(busy, problem, server_undrain(id), done);
            } else {
                submit(busy, problem, server_drain(id), done);
            }
        });
        view! { <Act label about=Some(server.name.clone()) busy on_press=act /> }
    });
    let due = server.deletion_due();
    // Each button has a place of its own, which it keeps whatever the others do: none comes to lie under the pointer.
    view! {
        <div class="actions in-place">
            <span>{drain}</span>
            <span>{delete(server, tried)}</span>
            // There before it says something: only then is it heard.
            <span class="visually-hidden" role="status">
                {due.map(|_| text::deleted_soon())}
            </span>
            {due.map(|at| view! { <DeletedIn at=at /> })}
        </div>
    }
    .into_any()
}

/// The button that deletes it. It asks about what cannot be taken back, and waits while a deletion is under way.
fn delete(server: &Server, tried: Tried) -> Option<AnyView> {
    if !server.status.is_deletable() {
        return None;
    }
    let live = expect_context::<Live>();
    let Tried { busy, problem } = tried;
    let (id, open, is_removal) = (server.id, server.open_sessions, server.status.is_removal());
    let is_made = matches!(server.origin, Origin::Scaled { .. });
    let is_up = matches!(
        server.status,
        ServerState::Running { .. } | ServerState::Draining { .. }
    );
    let consequence = match (is_made, open) {
        (true, open) if open > 0 && is_up => text::ends_soon(open),
        (true, _) => text::GONE_FOR_GOOD.to_owned(),
        (false, 0) => text::LEAVES_WEIR.to_owned(),
        (false, open) => text::ends_at_once(open),
    };
    let asks = open > 0 || !is_up || !is_made;
    let delete = Callback::new(move |()| {
        submit(busy, problem, server_delete(id, open > 0), move |()| {
            live.changed(EventNoun::Server);
        });
    });
    let view = view! {
        <Confirm
            label=common::DELETE
            about=server.name.clone()
            question=delete_question(&server.name)
            consequence
            action=text::DELETE_ACTION
            on_confirm=delete
            asks=Signal::stored(asks)
            busy=Signal::derive(move || is_removal || busy.get())
        />
    };
    Some(view.into_any())
}

/// How long a server can still be taken back, for the eyes: nobody wants to hear each second.
#[component]
fn DeletedIn(
    /// When it is deleted.
    at: Timestamp,
) -> impl IntoView {
    let now = expect_context::<Now>();
    let text = move || match now.get() {
        Some(now) => text::deleted_in(at.millis() - now),
        None => text::deleted_soon(),
    };
    view! {
        <span class="muted" aria-hidden="true">
            {text}
        </span>
    }
}
