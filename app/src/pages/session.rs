//! One session: the progress while it is being prepared, then how to connect, then how it ended.

use std::time::Duration;

use domain::connection::Protocol;
use domain::event::EventNoun;
use domain::id::SessionId;
use domain::session::{Connection, Revealed, Session, SessionState, Wait, WaitServer};
use domain::start::StartTimes;
use domain::timestamp::Timestamp;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;

use crate::api::ApiError;
use crate::api::session::{session_get, session_reveal};
use crate::components::badge::Badge;
use crate::components::confirm::use_ready;
use crate::components::copy::Copyable;
use crate::components::data::data;
use crate::components::live::Live;
use crate::components::load::{loaded_page, submit, use_id};
use crate::components::notify::Notify;
use crate::components::problem::LastProblem;
use crate::components::table::facts;
use crate::components::time::{Age, AgeAs, Now, Time};
use crate::connect;
use crate::pages::portal::{end_form, session_form};
use crate::text::{common, session as text, words};

/// What the paths of all sessions' pages begin with.
const PAGES: &str = "/portal/sessions/";

/// What a script tells between two events is asked for this often.
const ASK_AGAIN: Duration = Duration::from_secs(2);

/// Reloads the page while scripts are off, and tells the start script (`data-reload`) to do so where the module does not come.
/// It is a constant, put in as text: the browser's parser gives a `noscript` no children while scripts are on, so hydration must
/// not look for any.
const RELOAD: &str = r#"<meta http-equiv="refresh" content="5">"#;

/// The session of this address.
#[component]
pub fn SessionPage() -> impl IntoView {
    let live = expect_context::<Live>();
    let id = use_id::<SessionId>(text::NOUN);
    let asked = RwSignal::new(0_u64);
    let session = data(move || {
        let id = id.get();
        live.follow(&[EventNoun::Session]);
        asked.track();
        async move { session_get(id?).await }
    });
    Effect::new(move |_| {
        let is_changing = match session.get() {
            Some(Ok(session)) => match &session.connection {
                Some(connection) => !connection.access_ready,
                None => matches!(session.status, SessionState::Queued),
            },
            _ => false,
        };
        if is_changing {
            // Each answer comes back here.
            let timer =
                set_timeout_with_handle(move || asked.update(|asked| *asked += 1), ASK_AGAIN);
            on_cleanup(move || {
                if let Ok(timer) = timer {
                    timer.clear();
                }
            });
        }
    });

    let kept = Kept::new();
    let waited = StoredValue::new(None);
    Effect::new(move |_| {
        if let Some(Ok(session)) = session.get() {
            let is_ready = session
                .connection
                .as_ref()
                .is_some_and(|connection| connection.access_ready);
            let is_over = matches!(session.status, SessionState::Ended { .. });
            if waited.get_value() == Some(session.id) && (is_ready || is_over) {
                let said = if is_over {
                    text::has_ended(&session.pool_name)
                } else {
                    text::is_ready(&session.pool_name)
                };
                kept.notify.tell(&said);
            }
            waited.set_value((!is_ready && !is_over).then_some(session.id));
        }
    });
    view! {
        <Title text=common::SESSION />
        {loaded_page(session, move |session| page(&session, kept))}
    }
}

/// What stays on the page when the session's data comes anew.
#[derive(Clone, Copy)]
struct Kept {
    key_file: RwSignal<String>,
    revealed: RwSignal<Option<Revealed>>,
    busy: RwSignal<bool>,
    problem: RwSignal<Option<ApiError>>,
    /// How far the bar has come, and for the server that was asked for at this time.
    bar: StoredValue<(Timestamp, i64)>,
    notify: Notify,
}

impl Kept {
    fn new() -> Self {
        Self {
            key_file: RwSignal::new(connect::USUAL_KEY_FILE.to_owned()),
            revealed: RwSignal::new(None),
            busy: RwSignal::new(false),
            problem: RwSignal::new(None),
            bar: StoredValue::new((Timestamp::default(), 0)),
            notify: Notify::new(),
        }
    }
}

/// The title of the tab, so that the progress can be seen from another one.
fn title_of(session: &Session) -> String {
    let percent = session
        .wait
        .as_ref()
        .and_then(|wait| wait.server.as_ref())
        .and_then(|server| server.progress_percent);
    match (percent, &session.status) {
        (Some(percent), SessionState::Queued) => {
            format!("{} · {}", common::percent(percent), session.pool_name)
        }
        _ => format!("{} · {}", words::session(session).word, session.pool_name),
    }
}

fn page(session: &Session, kept: Kept) -> AnyView {
    let is_over = matches!(session.status, SessionState::Ended { .. });
    let body = match (&session.status, &session.connection) {
        (SessionState::Ended { how, ended_at, .. }, _) => {
            summary(session, words::ended(*how), *ended_at)
        }
        (_, Some(connection)) => connect_panel(session, connection, kept),
        (_, None) => progress(session, kept),
    };
    view! {
        <Title text=title_of(session) />
        <p>
            <A href="/portal">{text::ALL}</A>
        </p>
        <div class="page-head">
            <h1>{session.pool_name.clone()}</h1>
            <Badge state=words::session(session) />
        </div>
        {body}
        {(!is_over).then(|| view! { <div class="way-out">{end_form(session)}</div> })}
    }
    .into_any()
}

/// The steps to a computer. Each is a fact.
fn progress(session: &Session, kept: Kept) -> AnyView {
    let server = session.wait.as_ref().and_then(|wait| wait.server.clone());
    let is_preparing = server.is_some();
    let steps = [
        (text::REQUESTED, StepState::Done),
        (
            text::WAITING,
            if is_preparing {
                StepState::Done
            } else {
                StepState::Now
            },
        ),
        (
            text::PREPARING,
            if is_preparing {
                StepState::Now
            } else {
                StepState::Ahead
            },
        ),
        (text::READY, StepState::Ahead),
    ];
    let usual = session.wait.as_ref().and_then(|wait| wait.usual);
    let detail = server.map(|server| preparing(&server, usual, kept));
    view! {
        <noscript data-reload="" inner_html=RELOAD></noscript>
        {step_list(&steps)}
        {detail}
        {session.wait.as_ref().map(why)}
        {kept.notify.button()}
        <p class="muted">
            {text::ASKED} <Age since=session.requested_at part_of=AgeAs::Ago /> {text::ASKED_UNTIL}
            <Time at=session.expires_at /> {text::ASKED_END}
        </p>
    }
    .into_any()
}

/// How far the computer is: what its script reports; without a report, how much of the usual time has passed.
fn preparing(server: &WaitServer, usual: Option<StartTimes>, kept: Kept) -> AnyView {
    let now = expect_context::<Now>();
    let (asked_at, heard_at) = (server.asked_at, server.heard_at);
    let reported = server.progress_percent.map(i64::from);
    // Without a value the bar shows that the end is not known.
    let shown = move || {
        let percent = reported.or_else(|| {
            let elapsed = now.get()? - asked_at.millis();
            Some(usual?.share_passed(elapsed))
        })?;
        // A bar that goes back is not believed again, so it waits for the script where it was ahead of it.
        let (of, highest) = kept.bar.get_value();
        let percent = if of == asked_at {
            percent.max(highest)
        } else {
            percent
        };
        kept.bar.set_value((asked_at, percent));
        Some(percent)
    };
    let said = server
        .message
        .clone()
        .map(|message| view! { <p>{message} <span class="muted">{text::FROM_COMPUTER}</span></p> });
    let is_late = move || {
        let late = usual.zip(now.get());
        late.is_some_and(|(usual, now)| now - asked_at.millis() > usual.ready_p95_millis)
    };
    let usually = usual.map_or_else(|| text::FEW_STARTS.to_owned(), |usual| words::usual(&usual));
    view! {
        <div class="progress">
            <progress aria-label=text::PREPARING max="100" value=shown></progress>
            <span>{server.progress_percent.map(common::percent)}</span>
        </div>
        {said}
        <p>{usually}</p>
        <p class="muted">
            {text::STARTED} <Age since=asked_at part_of=AgeAs::Ago /> {text::STARTED_END}
            <span hidden=move || !is_late()>
                {text::LATE} <Age since=heard_at part_of=AgeAs::Ago /> {text::LATE_END}
            </span>
        </p>
    }
    .into_any()
}

fn why(wait: &Wait) -> AnyView {
    let place = (wait.waiting > 1).then(|| text::place(wait.position, wait.waiting));
    view! {
        <p aria-live="polite">{place}</p>
        <details>
            <summary>{text::WHY}</summary>
            <p>
                {wait.explanation.clone()}
                {wait.again_at.map(|at| view! { {text::AGAIN_AT} <Time at=at /> {text::AGAIN_AT_END} })}
            </p>
        </details>
    }
    .into_any()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum StepState {
    Done,
    Now,
    Ahead,
}

fn step_list(steps: &[(&'static str, StepState)]) -> AnyView {
    let items = steps.iter().map(|(word, state)| {
        let (class, said) = match state {
            StepState::Done => ("done", text::STEP_DONE),
            StepState::Now => ("now", text::STEP_NOW),
            StepState::Ahead => ("ahead", text::STEP_AHEAD),
        };
        view! {
            <li class=class aria-current=(*state == StepState::Now).then_some("step")>
                {*word} <span class="visually-hidden">", " {said}</span>
            </li>
        }
    });
    view! { <ol class="progress-steps">{items.collect_view()}</ol> }.into_any()
}

fn connect_panel(session: &Session, connection: &Connection, kept: Kept) -> AnyView {
    if !connection.access_ready {
        let steps = [
            (text::REQUESTED, StepState::Done),
            (text::PREPARING, StepState::Done),
            (text::PUTTING_KEY, StepState::Now),
            (text::READY, StepState::Ahead),
        ];
        return view! {
            <noscript data-reload="" inner_html=RELOAD></noscript>
            {step_list(&steps)}
        }
        .into_any();
    }
    let way = match connection.protocol {
        Protocol::Ssh => ssh(session.id, connection, kept.key_file),
        Protocol::Rdp => view! {
            {session_form("/ui/rdp", text::DOWNLOAD_RDP, "button primary", session)}
            <p class="muted">{text::RDP_HELP}</p>
        }
        .into_any(),
        Protocol::KasmVnc => {
            let address = format!(
                "https://{}:{}/",
                connection.address.host, connection.address.port
            );
            view! {
                <p>
                    <a class="button primary" href=address.clone() rel="external noreferrer">
                        {text::OPEN_DESKTOP}
                    </a>
                </p>
            }
            .into_any()
        }
        Protocol::Vnc => view! { <p>{text::VNC_HELP}</p> }.into_any(),
    };
    let address = format!("{}:{}", connection.address.host, connection.address.port);
    let mut pairs = vec![
        (text::ADDRESS, address.into_any()),
        (common::PROTOCOL, connection.protocol.label().into_any()),
    ];
    if let Some(user) = &connection.username {
        pairs.push((text::USER_NAME, user.clone().into_any()));
    }
    if let Some(key) = &connection.host_key {
        pairs.push((
            text::HOST_KEY,
            view! { <code class="break">{key.clone()}</code> }.into_any(),
        ));
    }
    pairs.push((
        text::ENDS,
        view! {
            <Time at=session.expires_at />
            {session_form("/ui/keep", text::KEEP, "button", session)}
        }
        .into_any(),
    ));
    view! {
        <section aria-labelledby="connect">
            <h2 id="connect">{common::CONNECT}</h2>
            {way}
            {facts(pairs)}
        </section>
        {connection.has_credentials.then(|| reveal(session.id, kept))}
    }
    .into_any()
}

fn ssh(session: SessionId, connection: &Connection, key_file: RwSignal<String>) -> AnyView {
    let connection = StoredValue::new(connection.clone());
    let ready = use_ready();
    let commands =
        Memo::new(move |_| connect::ssh(session, &connection.read_value(), &key_file.read()));
    let pin = move || commands.get().pin;
    let has_pin = pin().is_some();
    let missing = connection.read_value().needs_key.then(|| no_key(session));
    view! {
        {missing}
        <div class="field">
            <label for="key-file">{text::KEY_FILE}</label>
            <p class="help" id="key-file-help">
                {text::KEY_FILE_HELP} <A href="/portal/profile">{text::KEY_FILE_PROFILE}</A> {text::KEY_FILE_HELP_END}
            </p>
            <input
                type="text"
                id="key-file"
                aria-describedby="key-file-help"
                spellcheck="false"
                disabled=move || !ready.get()
                value=connect::USUAL_KEY_FILE
                prop:value=move || key_file.get()
                on:input=move |event| key_file.set(event_target_value(&event))
            />
        </div>
        {has_pin
            .then(|| {
                view! {
                    <h3>{text::KEEP_HOST_KEY}</h3>
                    <Copyable
                        text=Signal::derive(move || pin().unwrap_or_default())
                        what=text::HOST_KEY_COMMAND
                    />
                    <h3>{text::THEN_CONNECT}</h3>
                }
            })}
        <Copyable text=Signal::derive(move || commands.get().connect) what=text::SSH_COMMAND />
        {(!has_pin)
            .then(|| {
                view! {
                    <p class="muted">{text::NO_HOST_KEY}</p>
                }
            })}
    }
    .into_any()
}

/// No key opens the server: what to do about it, and the way back from there.
fn no_key(session: SessionId) -> AnyView {
    let add = format!("/portal/profile?back={}", page_of(session));
    view! {
        <div class="banner starting">
            <p>
                <strong>{text::NO_KEY}</strong>
            </p>
            <p>
                <A href=add attr:class="button primary">
                    {text::ADD_KEY}
                </A>
            </p>
        </div>
    }
    .into_any()
}

/// Where a session has its page.
pub fn page_of(session: SessionId) -> String {
    format!("{PAGES}{session}")
}

/// The session whose page this path is.
pub fn session_of(path: &str) -> Option<SessionId> {
    path.strip_prefix(PAGES)?.parse().ok()
}

/// Credentials on demand. They are written to the audit log and gone when the page is left.
fn reveal(session: SessionId, kept: Kept) -> AnyView {
    let ready = use_ready();
    let Kept {
        revealed,
        busy,
        problem,
        ..
    } = kept;
    let show = move |_| {
        submit(busy, problem, session_reveal(session), move |answer| {
            revealed.set(Some(answer));
        });
    };
    view! {
        <section aria-labelledby="credentials">
            <h2 id="credentials">{text::CREDENTIALS}</h2>
            <LastProblem problem=problem />
            {move || match revealed.get() {
                None => {
                    view! {
                        <p>{text::CREDENTIALS_HELP}</p>
                        <button
                            type="button"
                            class="button"
                            disabled=move || !ready.get() || busy.get()
                            on:click=show
                        >
                            {text::SHOW_CREDENTIALS}
                        </button>
                    }
                        .into_any()
                }
                Some(shown) => {
                    view! {
                        <div>
                            {secrets(shown)}
                            <button type="button" class="button" on:click=move |_| revealed.set(None)>
                                {text::HIDE}
                            </button>
                        </div>
                    }
                        .into_any()
                }
            }}
        </section>
    }
    .into_any()
}

fn secrets(shown: Revealed) -> AnyView {
    let info = Some(shown.connection_info)
        .filter(|info| !info.members().is_empty())
        .and_then(|info| serde_json::to_string_pretty(&info).ok());
    [
        (text::SECRET_USER_NAME, shown.username),
        (text::SECRET_PASSWORD, shown.password),
        (common::PRIVATE_KEY, shown.private_key),
        (text::SECRET_PASSPHRASE, shown.private_key_passphrase),
        (text::SECRET_INFO, info),
    ]
    .into_iter()
    .filter_map(|(what, text)| Some((what, text?)))
    .map(|(what, text)| {
        view! {
            <h3 class="capitalised">{what}</h3>
            <Copyable text=text what=what />
        }
    })
    .collect_view()
    .into_any()
}

fn summary(session: &Session, sentence: &'static str, ended_at: Timestamp) -> AnyView {
    view! {
        <p>
            <strong>{sentence}</strong>
        </p>
        {facts(
            vec![
                (common::ASKED_FOR, view! { <Time at=session.requested_at /> }.into_any()),
                (text::ENDED, view! { <Time at=ended_at /> }.into_any()),
                (common::SESSION, view! { <code class="break">{session.id.to_string()}</code> }.into_any()),
            ],
        )}
        <p>
            <A href="/portal" attr:class="button primary">
                {text::BACK}
            </A>
        </p>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_page_of_a_session_is_led_back_to() {
        let id = SessionId::from_bare("01980000-0000-7000-8000-0000deadbeef").expect("an id");
        assert_eq!(session_of(&page_of(id)), Some(id));
        for other in [
            "",
            "/portal",
            "//elsewhere.example/portal/sessions/",
            "https://elsewhere.example/",
            "/portal/sessions/../../admin",
        ] {
            assert_eq!(session_of(other), None, "{other}");
        }
        assert_eq!(
            session_of(&format!("https://elsewhere.example{}", page_of(id))),
            None
        );
        assert_eq!(session_of(&format!("{}/..", page_of(id))), None);
    }
}
