//! The portal: what a person may open, and what they have open. Opening and ending are plain forms: they work without
//! any script.

use domain::connection::Protocol;
use domain::event::EventNoun;
use domain::pool::Pool;
use domain::session::{Session, SessionKind};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;
use leptos_router::hooks::use_query_map;

use crate::api::pool::pool_list;
use crate::api::session::session_mine;
use crate::components::badge::Badge;
use crate::components::data::data;
use crate::components::empty::Empty;
use crate::components::kept::kept;
use crate::components::live::Live;
use crate::components::load::loaded;
use crate::components::problem::{code_of, problem_banner};
use crate::pages::session::page_of;
use crate::text::{common, portal as text, words};
use domain::error::{Problem, ProblemCode};

/// Own sessions on top, then a card for each pool.
#[component]
pub fn PortalPage() -> impl IntoView {
    let live = expect_context::<Live>();
    let pools = data(move || {
        live.follow(&[EventNoun::Pool, EventNoun::Server, EventNoun::Session]);
        pool_list()
    });
    let mine = data(move || {
        live.follow(&[EventNoun::Session]);
        session_mine()
    });
    let query = use_query_map();
    let refusal = move || {
        query
            .read()
            .get("error")
            .map(|word| problem_banner(&refused(&word)))
    };

    let sessions = kept(
        |session: &Session| session.id.to_string(),
        |session| session_card(&session),
    );
    let cards = kept(|pool: &Pool| pool.id.to_string(), |pool| pool_card(&pool));
    view! {
        <Title text=common::PORTAL />
        <h1>{text::TITLE}</h1>
        {refusal}
        {loaded(
            mine,
            move |page| {
                (!page.items.is_empty())
                    .then(|| {
                        view! {
                            <section aria-labelledby="running">
                                <h2 id="running">{text::RUNNING}</h2>
                                <ul class="cards">{sessions.show(page.items)}</ul>
                            </section>
                        }
                    })
                    .into_any()
            },
        )}
        <section aria-labelledby="pools">
            <h2 id="pools">{text::POOLS}</h2>
            {loaded(
                pools,
                move |page| {
                    if page.items.is_empty() {
                        return view! { <Empty text=text::NO_POOL /> }.into_any();
                    }
                    view! { <ul class="cards">{cards.show(page.items)}</ul> }.into_any()
                },
            )}
        </section>
    }
}

/// What to say when a plain form post was refused with this code.
fn refused(word: &str) -> Problem {
    let code = code_of(word).unwrap_or(ProblemCode::Internal);
    Problem::new(code, text::refused(code))
}

fn session_card(session: &Session) -> AnyView {
    let is_open = session.status.is_open();
    let what = match &session.kind {
        SessionKind::App { app } => format!("{} · {app}", session.pool_name),
        SessionKind::Desktop | SessionKind::Shell => session.pool_name.clone(),
    };
    let (word, label) = if is_open {
        (common::CONNECT, text::connect_to(&what))
    } else {
        (text::SEE_PROGRESS, text::see_progress_of(&what))
    };
    view! {
        <li class="card">
            <h3>{what}</h3>
            <Badge state=words::session(session) />
            <div class="actions">
                <A
                    href=page_of(session.id)
                    attr:class="button primary"
                    attr:aria-label=label
                >
                    {word}
                </A>
                {end_form(session)}
            </div>
        </li>
    }
    .into_any()
}

/// The button that ends a session or a wait, without any script.
pub fn end_form(session: &Session) -> AnyView {
    let word = if session.status.is_open() {
        common::END
    } else {
        common::CANCEL
    };
    session_form("/ui/end", word, "button", session)
}

/// A button about one session. A form, so that it works before scripts do, and without them.
pub fn session_form(
    action: &'static str,
    word: &'static str,
    class: &'static str,
    session: &Session,
) -> AnyView {
    view! {
        <form method="post" action=action>
            <input type="hidden" name="session_id" value=session.id.to_string() />
            <button type="submit" class=class aria-label=text::button_of(word, &session.pool_name)>
                {word}
            </button>
        </form>
    }
    .into_any()
}

fn pool_card(pool: &Pool) -> AnyView {
    let apps = if pool.protocol == Some(Protocol::Rdp) {
        pool.apps.as_slice()
    } else {
        &[]
    };
    let protocol = pool
        .protocol
        .map(|protocol| view! { <p class="muted">{protocol.label()}</p> });
    view! {
        <li class="card">
            <h3>{pool.name.clone()}</h3>
            {protocol}
            {(!pool.description.is_empty()).then(|| view! { <p>{pool.description.clone()}</p> })}
            <p>
                <strong>{words::pool_line(pool)}</strong>
            </p>
            <div class="actions">
                {launch(pool, None, text::OPEN.to_owned())}
                {apps
                    .iter()
                    .map(|app| launch(pool, Some(app.key.clone()), app.name.clone()))
                    .collect_view()}
            </div>
        </li>
    }
    .into_any()
}

fn launch(pool: &Pool, app: Option<String>, word: String) -> AnyView {
    let class = if app.is_none() {
        "button primary"
    } else {
        "button"
    };
    let name = match &app {
        None => text::open(&pool.name),
        Some(_) => text::open_app(&word, &pool.name),
    };
    view! {
        <form method="post" action="/ui/launch">
            <input type="hidden" name="pool_id" value=pool.id.to_string() />
            {app
                .map(|app| {
                    view! {
                        <input type="hidden" name="kind" value="app" />
                        <input type="hidden" name="app" value=app />
                    }
                })}
            <button type="submit" class=class aria-label=name disabled=pool.protocol.is_none()>
                {word}
            </button>
        </form>
    }
    .into_any()
}
