//! What stands around every page.

use domain::deployment::{DeploymentPause, Observing};
use domain::id::UserId;
use leptos::prelude::*;

use super::{NOW, id, row, state, within};
use crate::api::me::Me;
use crate::components::frame::{Header, SignedIn, menu, observing_banner, pause_banner};
use crate::components::live::{Link, link_status};

/// The head of the page for each who may see it, and the admin's menu. Of the choices of a theme the last one is marked alone: on one
/// page they are one group.
pub fn frame() -> AnyView {
    let person = |name: &str, is_admin| Me {
        id: id("usr", 1),
        name: name.to_owned(),
        is_admin,
        pause: None,
        observing: None,
    };
    let stream = |words, link| state(words, link_status(Signal::stored(link)));
    view! {
        {header("Nobody is signed in", None)}
        {header("A person is signed in", Some(person("ben", false)))}
        {header("An admin is signed in", Some(person("ana", true)))}
        {state("The admin's menu", menu())}
        {state(
            "Everything is paused",
            pause_banner(
                &DeploymentPause {
                    since: NOW.plus_millis(-90_000),
                    by: id::<UserId>("usr", 1).to_string(),
                    by_name: Some("ana".to_owned()),
                },
            ),
        )}
        {state(
            "The database looks restored or copied",
            observing_banner(
                &Observing {
                    since: NOW.plus_millis(-90_000),
                    why: "The database is older than the one that was in its place: it was restored."
                        .to_owned(),
                },
            ),
        )}
        {row([
            stream("Events arrive", Link::Live),
            stream("The stream broke", Link::Reconnecting),
            stream("The stream is over", Link::Lost),
        ])}
    }
    .into_any()
}

fn header(words: &'static str, me: Option<Me>) -> AnyView {
    within(
        move || SignedIn::provide_as(me),
        move || state(words, view! { <Header /> }),
    )
}
