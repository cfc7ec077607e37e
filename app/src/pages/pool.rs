//! One pool: what it holds, and why.

use domain::autoscale::SavedConfig;
use domain::demo::Demo;
use domain::event::EventNoun;
use domain::id::{ConfigId, PoolId, SessionId};
use domain::page::Page;
use domain::plan::ConfigReport;
use domain::pool::Pool;
use domain::server::{Origin, Server, ServerState};
use domain::session::Session;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;
use leptos_router::hooks::use_query_map;

use crate::api::ApiResult;
use crate::api::autoscale::{autoscale_delete, autoscale_list};
use crate::api::decision::decision_list;
use crate::api::demo::demo_get;
use crate::api::pool::{pool_delete, pool_get};
use crate::api::server::server_list;
use crate::api::session::{session_end, session_list};
use crate::components::badge::Badge;
use crate::components::confirm::{Confirm, use_ready};
use crate::components::data::data;
use crate::components::empty::Empty;
use crate::components::filter::{Choice, filter_bar, use_query_value, use_wanted_text};
use crate::components::finding::finding_list;
use crate::components::form::copy_as::copy_as;
use crate::components::form::{FormState, Options, Start};
use crate::components::live::Live;
use crate::components::load::{Tried, loaded, loaded_page, submit, use_go, use_id};
use crate::components::pause::Pause;
use crate::components::problem::LastProblem;
use crate::components::saved::LastSaved;
use crate::components::table::{facts, link, paged_table, use_cursor};
use crate::components::time::{Age, Time};
use crate::pages::autoscale::{choices, config_path};
use crate::pages::pool_chart::capacity_chart;
use crate::pages::pool_decisions::{UNDECIDED, decision_card, decisions};
use crate::pages::pool_demo;
use crate::pages::pool_history::{drift, history};
use crate::pages::server::actions;
use crate::words;

/// The tabs, with their words in the address.
const TABS: [(&str, &str); 7] = [
    ("overview", "Overview"),
    ("servers", "Servers"),
    ("sessions", "Sessions"),
    ("queue", "Queue"),
    (pool_demo::WHY, "Decisions"),
    ("config", "Config"),
    ("history", "History"),
];

/// The pool of this address.
#[component]
pub fn PoolPage() -> impl IntoView {
    let live = expect_context::<Live>();
    let id = use_id::<PoolId>("pool");
    let query = use_query_map();
    let pool = data(move || {
        let id = id.get();
        live.follow(&[EventNoun::Pool, EventNoun::Server, EventNoun::Session]);
        async move { Ok((pool_get(id?).await?, demo_get().await?)) }
    });
    let tab = Memo::new(move |_| {
        let wanted = query.read().get("tab");
        TABS.into_iter()
            .find(|(key, _)| Some(*key) == wanted.as_deref())
            .unwrap_or(TABS[0])
    });
    pool_demo::follow(pool, tab);
    let tried = Tried::new();
    let kept = pool_demo::Kept::new(tried);
    view! {
        <Title text="Pool" />
        {loaded_page(
            pool,
            move |(pool, demo)| {
                let demo = demo.filter(|demo| demo.pool_id == pool.id);
                head(&pool, demo.as_ref(), tried, kept)
            },
        )}
        <LastProblem problem=tried.problem />
        {expect_context::<LastSaved>().notice(id, tried)}
        <nav class="tabs" aria-label="Parts of the pool">
            {TABS
                .iter()
                .map(|(key, word)| {
                    view! {
                        <a href=format!("?tab={key}") aria-current=move || (tab.get().0 == *key).then_some("page")>
                            {*word}
                        </a>
                    }
                })
                .collect_view()}
        </nav>
        {move || {
            let (key, word) = tab.get();
            let body = match key {
                "servers" => servers(id, tried),
                "sessions" => sessions(id, false, tried),
                "queue" => sessions(id, true, tried),
                pool_demo::WHY => decisions(id),
                "config" => configs(id, tried),
                "history" => history(id, tried),
                _ => return overview(id, tried),
            };
            view! {
                <h2 class="visually-hidden">{word}</h2>
                {body}
            }
            .into_any()
        }}
    }
}

/// What stands where configs would, before there is one.
pub const NO_CONFIG: &str = "No autoscale config makes servers for this pool.";

type Id = Signal<ApiResult<PoolId>>;

fn head(pool: &Pool, demo: Option<&Demo>, tried: Tried, kept: pool_demo::Kept) -> AnyView {
    let live = expect_context::<Live>();
    let go = use_go();
    let Tried { busy, problem } = tried;
    let (id, version) = (pool.id, pool.version);
    let delete = Callback::new(move |()| {
        submit(busy, problem, pool_delete(id, version), move |()| {
            live.changed(EventNoun::Pool);
            go.run("/admin/pools".to_owned());
        });
    });
    let hint = pool.protocol.is_none().then(|| {
        view! {
            <p>
                "Nothing makes servers for it yet. "
                <A href=format!("/admin/pools/{id}/scaling/new")>"Set up scaling"</A>
            </p>
        }
    });
    view! {
        <Title text=pool.name.clone() />
        <div class="page-head">
            <h1>{pool.name.clone()}</h1>
            <Badge state=words::pool(pool) />
            <A href=format!("/admin/pools/{id}/edit") attr:class="button">
                "Change pool"
            </A>
            <Confirm
                label="Delete"
                question=format!("Delete the pool {}?", pool.name)
                consequence="A pool that has configs or servers stays."
                action="Delete pool"
                on_confirm=delete
            />
        </div>
        <p class="lead">{words::pool_sentence(pool.counts)}</p>
        {hint}
        {demo.map(|demo| pool_demo::panel(demo, kept))}
    }
    .into_any()
}

/// What it held over time, the servers, and the newest decision.
fn overview(id: Id, tried: Tried) -> AnyView {
    let live = expect_context::<Live>();
    let newest = data(move || {
        let id = id.get();
        live.follow(&[EventNoun::Decision]);
        async move { decision_list(id?, None, None, None).await }
    });
    view! {
        <section aria-labelledby="capacity">
            <h2 id="capacity">"Capacity"</h2>
            {capacity_chart(id)}
        </section>
        <section aria-labelledby="servers">
            <h2 id="servers">"Servers"</h2>
            {servers(id, tried)}
        </section>
        <section aria-labelledby="newest">
            <h2 id="newest">"Last decision"</h2>
            {loaded(
                newest,
                |page| match page.items.first() {
                    Some(decision) => decision_card(decision),
                    None => view! { <Empty text=UNDECIDED /> }.into_any(),
                },
            )}
        </section>
    }
    .into_any()
}

fn servers(id: Id, tried: Tried) -> AnyView {
    let live = expect_context::<Live>();
    let (name, state, cursor) = (use_wanted_text(), use_query_value("state"), use_cursor());
    let servers = data(move || {
        let (id, name, state, cursor) = (id.get(), name.get(), state.get(), cursor.get());
        live.follow(&[EventNoun::Server, EventNoun::Session]);
        async move { server_list(id?, name, state, cursor).await }
    });
    // Deleted ones are not listed.
    let states = ServerState::WORDS
        .into_iter()
        .filter(|word| *word != "deleted");
    let state = Choice {
        key: "state",
        label: "State",
        none: "Any state",
        options: states.map(|word| (word, state_word(word))).collect(),
    };
    view! {
        {filter_bar("servers", true, vec![state])}
        {loaded(
            servers,
            move |page| {
                paged_table(
                    "Servers",
                    "There is no server.",
                    &["Name", "State", "Age", "Config", "Progress", "Sessions", "Actions"],
                    page,
                    |server| server_row(&server, tried),
                )
            },
        )}
    }
    .into_any()
}

/// Whether somebody has a session on a server is no state of its own.
fn state_word(word: &str) -> &'static str {
    match word {
        "running" => "Ready or in use",
        word => words::step(word),
    }
}

fn server_row(server: &Server, tried: Tried) -> Vec<AnyView> {
    let bar = server.progress_percent.filter(|_| server.status.is_in_flight()).map(|percent| {
        view! {
            <progress aria-label=format!("Progress of {}", server.name) max="100" value=percent></progress>
            <span>{format!(" {percent} % ")}</span>
        }
    });
    vec![
        link(format!("/admin/servers/{}", server.id), &server.name),
        view! { <Badge state=words::server(server) /> }.into_any(),
        view! { <Age since=server.state_since /> }.into_any(),
        match server.origin {
            Origin::Scaled { config_version, .. } => format!("Version {config_version}"),
            Origin::Fixed => "None".to_owned(),
        }
        .into_any(),
        view! {
            {bar}
            {server.message.clone().map(|message| view! { <span class="muted">{message}</span> })}
        }
        .into_any(),
        format!("{}/{}", server.open_sessions, server.limits.max_sessions).into_any(),
        actions(server, tried),
    ]
}

fn sessions(id: Id, waiting: bool, tried: Tried) -> AnyView {
    let live = expect_context::<Live>();
    let (person, cursor) = (use_wanted_text(), use_cursor());
    let sessions = data(move || {
        let (id, person, cursor) = (id.get(), person.get(), cursor.get());
        live.follow(&[EventNoun::Session]);
        async move { session_list(Some(id?), None, Some(waiting), person, cursor).await }
    });
    let what = if waiting { "the queue" } else { "sessions" };
    view! {
        {filter_bar(what, true, Vec::new())}
        {loaded(
            sessions,
            move |page| {
                if waiting { queue_table(page, tried) } else { session_table(page, tried) }
            },
        )}
    }
    .into_any()
}

/// Open sessions.
pub fn session_table(sessions: Page<Session>, tried: Tried) -> AnyView {
    let row = |session: Session| {
        vec![
            session.user_name.clone().into_any(),
            view! { <Badge state=words::session(&session) /> }.into_any(),
            view! { <Time at=session.requested_at /> }.into_any(),
            match session.status.server() {
                Some(server) => link(format!("/admin/servers/{server}"), "To the server"),
                None => ().into_any(),
            },
            end_button(session.id, &session.user_name, tried),
        ]
    };
    paged_table(
        "Sessions",
        "Nobody has a session.",
        &["Person", "State", "Asked for", "Server", "Actions"],
        sessions,
        row,
    )
}

fn queue_table(sessions: Page<Session>, tried: Tried) -> AnyView {
    let row = |session: Session| {
        let wait = session.wait.as_ref();
        vec![
            session.user_name.clone().into_any(),
            wait.map(|wait| words::ordinal(wait.position)).into_any(),
            view! { <Age since=session.requested_at /> }.into_any(),
            wait.map(|wait| wait.explanation.clone()).into_any(),
            end_button(session.id, &session.user_name, tried),
        ]
    };
    paged_table(
        "Queue",
        "Nobody waits.",
        &["Person", "Place", "Waits for", "Why", "Actions"],
        sessions,
        row,
    )
}

fn end_button(id: SessionId, person: &str, tried: Tried) -> AnyView {
    let live = expect_context::<Live>();
    let Tried { busy, problem } = tried;
    let end = Callback::new(move |()| {
        submit(busy, problem, session_end(id), move |_| {
            live.changed(EventNoun::Session);
        });
    });
    view! {
        <Confirm
            label="End"
            about=format!("the session of {person}")
            question=format!("End the session of {person}?")
            consequence="They are told that an admin ended it. It does not sign them out of the machine."
            action="End session"
            on_confirm=end
        />
    }
    .into_any()
}

/// What came of a config, and the numbers from which it can be recomputed. `leads_on`: with the ways to the fields that
/// decide it, where the config is a saved one.
pub fn config_report(report: &ConfigReport, leads_on: bool) -> AnyView {
    let mut lines = words::upscale_lines(&report.up);
    lines.extend(words::downscale_line(&report.down));
    view! {
        {finding_list(report.findings.iter(), Some(report), leads_on)}
        <details>
            <summary>"How is this computed?"</summary>
            <p class="muted">{format!("Version {} of the config", report.config_version)}</p>
            <pre tabindex="0">{lines.join("\n")}</pre>
        </details>
    }
    .into_any()
}

fn configs(id: Id, tried: Tried) -> AnyView {
    let live = expect_context::<Live>();
    let configs = data(move || {
        let id = id.get();
        live.follow(&[EventNoun::Pool]);
        async move {
            let id = id?;
            let (options, _) = choices(&[pool_get(id).await?]).await?;
            Ok((autoscale_list(Some(id)).await?, options))
        }
    });
    let add = move || {
        id.get().ok().map(|id| {
            view! {
                <A href=format!("/admin/pools/{id}/scaling/new") attr:class="button">
                    "Add scaling"
                </A>
            }
        })
    };
    view! {
        {loaded(
            configs,
            move |(page, options)| {
                if page.items.is_empty() {
                    return view! { <Empty text=NO_CONFIG /> }.into_any();
                }
                page.items.iter().map(|config| config_card(config, &options, tried)).collect_view().into_any()
            },
        )}
        <div class="actions">{add}</div>
    }
    .into_any()
}

fn config_card(config: &SavedConfig, options: &Options, tried: Tried) -> AnyView {
    let form = &domain::autoscale::FORM;
    let live = expect_context::<Live>();
    let Tried { busy, problem } = tried;
    let pause = Pause::of(config);
    let (name, is_on) = (pause.name.clone(), pause.is_on);
    let (id, version): (ConfigId, i64) = (config.id, config.version);
    let delete = Callback::new(move |()| {
        submit(busy, problem, autoscale_delete(id, version), move |()| {
            live.changed(EventNoun::Pool);
        });
    });
    let state = FormState::new(
        form,
        Start {
            draft: config.values.clone(),
            secrets: config.secrets.clone(),
            options: options.clone(),
            ..Start::default()
        },
    );
    let pairs = form
        .fields
        .iter()
        .filter(|field| form.is_shown(field, &config.values))
        .map(|field| (field.label, state.shown_value(field).into_any()))
        .collect();
    let ready = use_ready();
    let (pause_word, pause_label) = (pause.word, pause.label());
    // Disabled while it works, the button would lose the focus.
    let pause = move |_| {
        if !busy.get_untracked() {
            submit(busy, problem, pause.clone().run(), move |()| {
                live.changed(EventNoun::Pool);
            });
        }
    };
    let paused = (!is_on).then(|| {
        view! { <p role="status"><strong>"Paused. Its servers stay and stay usable; none is made or removed."</strong></p> }
    });
    view! {
        <section class="card" aria-label=name.clone()>
            <div class="page-head">
                <h2>{name.clone()}</h2>
                <A href=format!("/admin/autoscale/{id}/edit") attr:class="button">
                    "Change scaling"
                </A>
                <button
                    type="button"
                    class="button"
                    aria-label=pause_label
                    disabled=move || !ready.get()
                    aria-disabled=move || busy.get().then_some("true")
                    on:click=pause
                >
                    {pause_word}
                </button>
                <Confirm
                    label="Delete"
                    about=name.clone()
                    question=format!("Delete {name}?")
                    consequence="A config that still has servers stays."
                    action="Delete config"
                    on_confirm=delete
                />
            </div>
            <p class="muted">
                "Changed " <Time at=config.updated_at /> ", version " {config.version} ". "
                <A href=format!("/admin/activity?target={id}")>"What was changed"</A>
            </p>
            {paused}
            {drift(config)}
            <ul class="findings">
                {config.warnings.iter().map(|warning| view! { <li>{warning.message.clone()}</li> }).collect_view()}
            </ul>
            {facts(pairs)}
            {copy_as(state, config_path(id), Some(version.into()))}
        </section>
    }
    .into_any()
}
