//! Servers as a list: those of a pool, or of all pools.

use domain::event::EventNoun;
use domain::id::PoolId;
use domain::server::{Origin, Server, ServerState};
use leptos::prelude::*;
use leptos_meta::Title;

use crate::api::ApiResult;
use crate::api::server::server_list;
use crate::components::badge::Badge;
use crate::components::data::data;
use crate::components::filter::{Choice, filter_bar, use_query_value, use_wanted_text};
use crate::components::live::Live;
use crate::components::load::{Tried, loaded};
use crate::components::problem::LastProblem;
use crate::components::table::{Table, link, use_cursor};
use crate::components::time::Age;
use crate::pages::server::actions;
use crate::text::{common, servers as text, words};

/// The servers of all pools.
#[component]
pub fn ServersPage() -> impl IntoView {
    let tried = Tried::new();
    view! {
        <Title text=common::SERVERS />
        <h1>{common::SERVERS}</h1>
        <LastProblem problem=tried.problem />
        {servers(None, tried)}
    }
}

/// The servers of a pool, or of all where none is named: then each row says of which.
pub fn servers(pool: Option<Signal<ApiResult<PoolId>>>, tried: Tried) -> AnyView {
    let live = expect_context::<Live>();
    let (name, state, cursor) = (use_wanted_text(), use_query_value("state"), use_cursor());
    let of_all = pool.is_none();
    let servers = data(move || {
        let (name, state, cursor) = (name.get(), state.get(), cursor.get());
        let pool = pool.map(|pool| pool.get()).transpose();
        live.follow(&[EventNoun::Server, EventNoun::Session]);
        async move { server_list(pool?, name, state, cursor).await }
    });
    let table = Table::new(
        common::SERVERS,
        if of_all { &HEADS_OF_ALL } else { &HEADS },
        |server: &Server| server.id.to_string(),
        move |server| {
            let [name, rest @ ..] = server_row(&server, tried);
            let of = of_all.then(|| {
                link(
                    format!("/admin/pools/{}", server.pool_id),
                    &server.pool_name,
                )
            });
            [name].into_iter().chain(of).chain(rest).collect()
        },
    );
    // Deleted ones are not listed.
    let states = ServerState::WORDS
        .into_iter()
        .filter(|word| *word != "deleted");
    let state = Choice {
        key: "state",
        label: common::STATE,
        none: text::ANY_STATE,
        options: states.map(|word| (word, state_word(word))).collect(),
    };
    view! {
        {filter_bar(text::FILTERED, true, vec![state])}
        {loaded(servers, move |page| table.paged(text::NONE, page))}
    }
    .into_any()
}

/// Whether somebody has a session on a server is no state of its own.
fn state_word(word: &str) -> &'static str {
    match word {
        "running" => text::READY_OR_IN_USE,
        word => words::step(word),
    }
}

/// What stands above the cells of a server.
const HEADS: [&str; 7] = [
    common::NAME,
    common::STATE,
    text::FOR,
    common::CONFIG,
    common::PROGRESS,
    common::SESSIONS,
    common::ACTIONS,
];

/// The same, with its pool behind its name.
const HEADS_OF_ALL: [&str; 8] = [
    common::NAME,
    common::POOL,
    common::STATE,
    text::FOR,
    common::CONFIG,
    common::PROGRESS,
    common::SESSIONS,
    common::ACTIONS,
];

fn server_row(server: &Server, tried: Tried) -> [AnyView; 7] {
    let bar = server.progress_percent.filter(|_| server.status.is_in_flight()).map(|percent| {
        view! {
            <progress aria-label=text::progress_of(&server.name) max="100" value=percent></progress>
            <span>{format!(" {} ", common::percent(percent))}</span>
        }
    });
    // What its script said on the way is over once it has arrived.
    let message = server.message.clone().filter(|_| {
        !matches!(
            server.status,
            ServerState::Running { .. } | ServerState::Draining { .. }
        )
    });
    [
        link(format!("/admin/servers/{}", server.id), &server.name),
        view! { <Badge state=words::server(server) /> }.into_any(),
        view! { <Age since=server.state_since /> }.into_any(),
        match server.origin {
            Origin::Scaled { config_version, .. } => common::version(config_version),
            Origin::Fixed => common::NONE.to_owned(),
        }
        .into_any(),
        view! {
            {bar}
            {message.map(|message| view! { <span class="muted">{message}</span> })}
        }
        .into_any(),
        format!("{}/{}", server.open_sessions, server.limits.max_sessions).into_any(),
        actions(server, tried),
    ]
}
