//! One server: its state, what is known of it, and what an admin can do.

use domain::count::counted;
use domain::event::EventNoun;
use domain::id::ServerId;
use domain::server::{Origin, Server, ServerState};
use futures::try_join;
use leptos::prelude::*;
use leptos_meta::Title;

use crate::api::server::{
    server_delete, server_drain, server_get, server_history_get, server_undrain,
};
use crate::api::session::session_list;
use crate::components::badge::Badge;
use crate::components::confirm::Confirm;
use crate::components::data::data;
use crate::components::live::Live;
use crate::components::load::{Tried, loaded, loaded_page, submit, use_id};
use crate::components::problem::LastProblem;
use crate::components::table::{facts, link, use_cursor};
use crate::components::time::{Age, Time};
use crate::pages::server_console::{console_of, console_section};
use crate::pages::server_start::start_section;
use crate::pages::sessions::{Scope, session_table};
use crate::text::words;

/// The server of this address.
#[component]
pub fn ServerPage() -> impl IntoView {
    let live = expect_context::<Live>();
    let id = use_id::<ServerId>("server");
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
        <Title text="Server" />
        {loaded_page(server, move |(server, _)| head(&server, tried))}
        <LastProblem problem=tried.problem />
        <section aria-labelledby="sessions">
            <h2 id="sessions">"Sessions"</h2>
            {session_table(sessions, Scope::Server, tried)}
        </section>
        <section aria-labelledby="start">
            <h2 id="start">"Start"</h2>
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
        Origin::Scaled { config_version, .. } => {
            format!("Made by the loop, with version {config_version} of its config")
        }
        Origin::Fixed => "Entered by hand".to_owned(),
    };
    let mut pairs = vec![
        (
            "Pool",
            link(
                format!("/admin/pools/{}", server.pool_id),
                &server.pool_name,
            ),
        ),
        (
            "In this state for",
            view! { <Age since=server.state_since /> }.into_any(),
        ),
        (
            "Asked for",
            view! { <Time at=server.created_at /> }.into_any(),
        ),
        ("Origin", origin.into_any()),
        ("Protocol", server.protocol.label().into_any()),
        (
            "Sessions",
            format!("{} of {}", server.open_sessions, server.limits.max_sessions).into_any(),
        ),
    ];
    // What is not known is not listed.
    let known = [
        ("Address", address),
        ("Machine", machine),
        ("Last message", server.message.clone()),
        ("Host key", server.host_key.clone()),
    ];
    pairs.extend(known.into_iter().filter_map(|(word, text)| {
        let text = text?;
        Some((word, view! { <span class="break">{text}</span> }.into_any()))
    }));
    if let Some(at) = server.checked_in_at {
        pairs.push(("Checked in", view! { <Time at=at /> }.into_any()));
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
    let done = move || live.changed(EventNoun::Server);
    let is_draining = matches!(server.status, ServerState::Draining { .. });
    let can_drain = matches!(server.status, ServerState::Running { .. });
    // One that was entered by hand stays.
    let is_made = matches!(server.origin, Origin::Scaled { .. });
    let is_empty = can_drain && is_made && server.open_sessions == 0;
    // One button, whose word changes: it keeps the focus.
    let drain = (can_drain || is_draining).then(|| {
        let label = if is_draining { "Take back" } else { "Drain" };
        let consequence = if is_empty {
            "Nobody is on it, so it is deleted at once. The loop makes another one where the pool needs it."
        } else {
            "It takes no new sessions. Once the last one has ended it is deleted."
        };
        let act = Callback::new(move |()| {
            if is_draining {
                submit(busy, problem, server_undrain(id), move |_| done());
            } else {
                submit(busy, problem, server_drain(id), move |_| done());
            }
        });
        view! {
            <Confirm
                label
                about=server.name.clone()
                question=format!("Drain {}?", server.name)
                consequence
                action="Drain server"
                on_confirm=act
                asks=Signal::stored(is_empty)
                busy
            />
        }
    });
    let has_sessions = server.open_sessions > 0;
    let delete = server.status.is_deletable().then(|| {
        let consequence = if has_sessions {
            format!(
                "{} at once.",
                counted(
                    server.open_sessions,
                    "open session ends",
                    "open sessions end"
                )
            )
        } else {
            "The machine goes for good.".to_owned()
        };
        let delete = Callback::new(move |()| {
            submit(busy, problem, server_delete(id, has_sessions), move |()| {
                done();
            });
        });
        view! {
            <Confirm
                label="Delete"
                about=server.name.clone()
                question=format!("Delete {}?", server.name)
                consequence=consequence
                action="Delete server"
                on_confirm=delete
            />
        }
    });
    view! {
        <div class="actions">{drain} {delete}</div>
    }
    .into_any()
}
