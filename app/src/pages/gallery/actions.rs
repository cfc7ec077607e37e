//! What can be pressed.

use leptos::prelude::*;

use super::{early, row, state, within};
use crate::components::act::Act;
use crate::components::confirm::Confirm;
use crate::components::copy::Copyable;
use crate::components::palette;
use crate::components::theme::{ChosenTheme, Theme, ThemePicker};
use crate::text::{self, common};

/// Buttons of each kind, and the choice of a theme.
pub fn buttons() -> AnyView {
    let kinds = [
        ("Plain", "button"),
        ("First", "button primary"),
        ("Dangerous", "button danger"),
    ];
    let enabled = kinds.map(|(word, class)| {
        view! {
            <button type="button" class=class>
                {word}
            </button>
        }
    });
    let disabled = kinds.map(|(word, class)| {
        view! {
            <button type="button" class=class disabled>
                {word}
            </button>
        }
    });
    let pickers = Theme::ALL.map(|theme| {
        // Each in a form of its own: buttons of one name would be one group.
        let picker = || view! { <form><ThemePicker /></form> }.into_any();
        within(move || ChosenTheme::provide_as(theme), picker)
    });
    view! {
        {row([
            state("Each kind", view! { <div class="actions">{enabled.collect_view()}</div> }),
            state("Disabled", view! { <div class="actions">{disabled.collect_view()}</div> }),
            state(
                "Disabled, with the reason",
                view! {
                    <div class="actions">
                        <button type="button" class="button primary" disabled aria-describedby="gallery-reason">
                            "Open"
                        </button>
                        <span class="muted" id="gallery-reason">
                            "Not set up yet"
                        </span>
                    </div>
                },
            ),
            state(
                "A link that looks like one",
                view! {
                    <div class="actions">
                        <a class="button" href="/gallery">
                            "Change"
                        </a>
                    </div>
                },
            ),
            state("That acts at once", acting(false)),
            state("That waits for something else", acting(true)),
        ])}
        {state("The theme, as each is chosen", view! { <div class="actions">{pickers.collect_view()}</div> })}
        {state("The theme, before the browser has taken the page over", early(|| view! { <form><ThemePicker /></form> }.into_any()))}
    }
    .into_any()
}

fn acting(busy: bool) -> AnyView {
    let nothing = Callback::new(|()| {});
    view! {
        <div class="actions">
            <Act label="Drain" about=Some("desk-1".to_owned()) busy=Signal::stored(busy) on_press=nothing />
        </div>
    }
    .into_any()
}

/// Buttons with a dialog, and what the palette finds. The dialogs are closed until somebody opens them; the test does.
pub fn asking() -> AnyView {
    view! {
        {row([
            state("A question", question()),
            state("A question about one of several", question_about()),
            state("Before the browser has taken the page over", early(question)),
        ])}
        {palette::typed("")}
        {palette::typed("theme")}
        {palette::typed("nothing of this name")}
    }
    .into_any()
}

fn question() -> AnyView {
    view! {
        <div class="actions">
            <Confirm
                label="Delete"
                question="Delete Amsterdam?"
                consequence="A zone that is in use stays."
                action="Delete zone"
                on_confirm=Callback::new(|()| {})
            />
        </div>
    }
    .into_any()
}

fn question_about() -> AnyView {
    view! {
        <div class="actions">
            <Confirm
                label=common::DELETE
                about="desk-1"
                question=text::confirm::delete("desk-1")
                consequence=text::server::ends_soon(2)
                action=text::server::DELETE_ACTION
                on_confirm=Callback::new(|()| {})
            >
                <p>"What else is to be known stands here."</p>
            </Confirm>
        </div>
    }
    .into_any()
}

/// Texts with a button that copies them.
pub fn copying() -> AnyView {
    let long = "ssh -o StrictHostKeyChecking=accept-new -i ~/.ssh/id_ed25519 -p 2222 people@desk-1.weir.example\nsudo systemctl status weir";
    let text = |text: &'static str, what| {
        view! { <Copyable text=Signal::derive(move || text.to_owned()) what=what /> }.into_any()
    };
    row([
        state("A word", text("weir-4f7c", "user name")),
        state("Lines that are too long", text(long, "command")),
        state(
            "Before the browser has taken the page over",
            early(move || text("weir-4f7c", "password")),
        ),
    ])
}
