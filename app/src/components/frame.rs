//! The frame around every page: brand, the switch between portal and admin, who is signed in, and the admin's menu.

use domain::deployment::{DeploymentPause, Observing};
use domain::event::EventNoun;
use leptos::html;
use leptos::prelude::*;
use leptos_router::components::{A, Outlet, Redirect};
use leptos_router::hooks::use_location;

use crate::api::me::{Me, me_get};
use crate::components::data::{Data, data};
use crate::components::live::{Live, LiveStatus};
use crate::components::palette::palette;
use crate::components::saved::LastSaved;
use crate::components::theme::ThemePicker;
use crate::components::time::{Age, AgeAs};
use crate::text::{common, frame as text};

/// Who is signed in, asked for once a page load.
#[derive(Clone, Copy)]
pub struct SignedIn(Data<Option<Me>>);

impl SignedIn {
    /// Provides it. Call once, at the root.
    pub fn provide() {
        provide_context(Self(data(me_get)));
    }
}

#[cfg(debug_assertions)]
impl SignedIn {
    /// Provides somebody without asking the server, for the gallery.
    pub fn provide_as(me: Option<Me>) {
        provide_context(Self(data(move || std::future::ready(Ok(me.clone())))));
    }
}

/// Shows something that depends on who is signed in; nothing where that cannot be told.
fn signed_in(view: impl Fn(Option<Me>) -> AnyView + Send + Sync + 'static) -> AnyView {
    let SignedIn(me) = expect_context();
    shown(me, Box::new(view))
}

/// One for all views.
fn shown(me: Data<Option<Me>>, view: Box<dyn Fn(Option<Me>) -> AnyView + Send + Sync>) -> AnyView {
    view! {
        <Suspense>
            {move || me.get().and_then(Result::ok).map(&view)}
        </Suspense>
    }
    .into_any()
}

/// The head of every page.
#[component]
pub fn Header() -> impl IntoView {
    let path = use_location().pathname;
    let here = move |prefix: &str| path.read().starts_with(prefix).then_some("true");
    let sign_out = NodeRef::<html::Form>::new();
    let menu = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        // Read, and not only tracked: a memo that nobody has read does not change.
        path.with(|_| ());
        if let Some(menu) = menu.get_untracked() {
            // It fails only for what can not be open.
            let _ = menu.hide_popover();
        }
    });
    let face = move |me: Me| {
        let switch = me.is_admin.then(|| {
            view! {
                <nav class="switch" aria-label=text::FACES>
                    <A href="/portal" attr:aria-current=move || here("/portal")>
                        {common::PORTAL}
                    </A>
                    <A href="/admin" attr:aria-current=move || here("/admin")>
                        {common::ADMIN}
                    </A>
                </nav>
            }
        });
        view! {
            {switch}
            <span class="spacer"></span>
            {palette(me.is_admin, sign_out)}
            <LiveStatus />
            // Where the head has no room for what follows, this opens it: the browser does that without any script.
            <button
                type="button"
                class="button account-opens"
                popovertarget="account"
                aria-label=text::menu_of(&me.name)
            >
                {me.name.clone()}
            </button>
            <div node_ref=menu class="account" id="account" popover="auto">
                <A href="/portal/profile">
                    <span class="account-word">{text::PROFILE_OF}</span>
                    {me.name}
                </A>
                <form node_ref=sign_out method="post" action="/ui/logout">
                    <button type="submit" class="button">
                        {text::SIGN_OUT}
                    </button>
                </form>
                <ThemePicker />
            </div>
        }
        .into_any()
    };
    view! {
        <header class="site-header">
            <a class="brand" href="/">
                {text::WEIR}
            </a>
            {signed_in(move |me| match me {
                Some(me) => face(me),
                None => {
                    view! {
                        <span class="spacer"></span>
                        <ThemePicker />
                    }
                        .into_any()
                }
            })}
        </header>
    }
}

/// Opens the stream of events once somebody is signed in.
fn go_live() {
    let live = expect_context::<Live>();
    let SignedIn(me) = expect_context();
    Effect::new(move |_| {
        if matches!(me.get(), Some(Ok(Some(_)))) {
            live.open();
        }
    });
}

/// The pages for everyone who is signed in; others are sent to sign in.
#[component]
pub fn PortalFrame() -> impl IntoView {
    go_live();
    view! {
        {signed_in(|me| me.is_none().then(|| to("/login")).into_any())}
        <Outlet />
    }
}

/// The pages for admins, beside their menu.
#[component]
pub fn AdminFrame() -> impl IntoView {
    go_live();
    expect_context::<LastSaved>().forget_on_leaving(use_location().pathname);
    view! {
        {signed_in(|me| match me {
            None => to("/login"),
            Some(me) => (!me.is_admin).then(|| to("/portal")).into_any(),
        })}
        <div class="admin">
            {menu()}
            <div class="admin-page">
                {held()}
                <Outlet />
            </div>
        </div>
    }
}

/// The page that pauses everything. It says by itself that it has, beside the button that has done it.
pub const PAUSES: &str = "/admin/providers";

/// That everything is held, while it is. The buttons are plain forms, which need no script.
fn held() -> AnyView {
    let live = expect_context::<Live>();
    // Not what the head of the page knows: that is asked for once, and the head would be made anew with each answer.
    let me = data(move || {
        live.follow(&[EventNoun::Deployment]);
        me_get()
    });
    let path = use_location().pathname;
    let banner = move |me: Option<Me>| {
        let (observing, pause) = me.map_or((None, None), |me| (me.observing, me.pause));
        let pause = pause.filter(|_| *path.read() != *PAUSES);
        view! {
            {observing.as_ref().map(observing_banner)}
            {pause.as_ref().map(pause_banner)}
        }
        .into_any()
    };
    shown(me, Box::new(banner))
}

/// The banner of a database that looks restored or copied: what was noticed, and the two things that it can be. The one that
/// can not be taken back is behind a second press.
pub fn observing_banner(observing: &Observing) -> AnyView {
    let choice = |action: &'static str, word: &'static str| {
        view! {
            <form method="post" action=action>
                <button type="submit" class="button">
                    {word}
                </button>
            </form>
        }
    };
    view! {
        <div class="banner starting">
            <p role="status">
                <strong>{text::OBSERVING}</strong>
                " "
                <Age since=observing.since part_of=AgeAs::Lasting />
                ". "
                {observing.why.clone()}
                " "
                {text::OBSERVING_MEANS}
            </p>
            <p>{text::ADOPT_MEANS}</p>
            {choice("/ui/adopt", text::ADOPT)}
            <details>
                <summary>{text::FORK_ASKS}</summary>
                <p>{text::FORK_MEANS}</p>
                {choice("/ui/fork", text::FORK)}
            </details>
        </div>
    }
    .into_any()
}

/// The banner of a pause. The server leads back to the page that it stands on.
pub fn pause_banner(pause: &DeploymentPause) -> AnyView {
    view! {
        <form class="banner hold starting" method="post" action="/ui/resume">
            <p role="status">{pause_sentence(pause)}</p>
            <button type="submit" class="button">
                {text::RESUME}
            </button>
        </form>
    }
    .into_any()
}

/// Since when everything is paused, by whom, and what that means.
pub fn pause_sentence(pause: &DeploymentPause) -> AnyView {
    view! {
        <strong>{text::PAUSED}</strong>
        " "
        <Age since=pause.since part_of=AgeAs::Lasting />
        {pause.by_name.as_deref().map(text::by)}
        {text::PAUSED_MEANS}
    }
    .into_any()
}

/// The way to the admin's pages.
pub fn menu() -> AnyView {
    let item = |&(href, word): &(&'static str, &'static str)| {
        view! {
            <li>
                <A href=href exact=href == "/admin">
                    {word}
                </A>
            </li>
        }
    };
    view! {
        <nav class="admin-nav" aria-label=common::ADMIN>
            <ul>{MENU.iter().map(item).collect_view()}</ul>
        </nav>
    }
    .into_any()
}

/// The admin's menu.
pub const MENU: [(&str, &str); 12] = [
    ("/admin", common::OVERVIEW),
    ("/admin/pools", common::POOLS),
    ("/admin/servers", common::SERVERS),
    ("/admin/orphans", common::ORPHANS),
    ("/admin/sessions", common::SESSIONS),
    ("/admin/queue", common::QUEUE),
    ("/admin/activity", common::ACTIVITY),
    ("/admin/providers", common::PROVIDERS),
    ("/admin/zones", common::ZONES),
    ("/admin/directories", common::DIRECTORIES),
    ("/admin/users", common::PEOPLE),
    ("/admin/api-keys", common::API_KEYS),
];

/// Sends everyone to the pages of their role.
#[component]
pub fn Home() -> impl IntoView {
    signed_in(|me| {
        let path = match me {
            None => "/login",
            Some(me) if me.is_admin => "/admin",
            Some(_) => "/portal",
        };
        to(path)
    })
}

fn to(path: &'static str) -> AnyView {
    view! { <Redirect path=path /> }.into_any()
}
