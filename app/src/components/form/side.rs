//! Something new to choose in a form is made at its side: nothing that was typed in the form is lost.

use domain::form::Noun;
use leptos::html;
use leptos::prelude::*;

use super::summary::focus_later;
use crate::components::dialog::is_shown;
use crate::text::{common, form::side as text};

/// The id of the dialog's heading, which takes the focus when it opens.
const HEADING: &str = "side-heading";

/// The side of a form. A dialog opens there.
#[derive(Clone, Copy)]
pub struct Side {
    asked: RwSignal<Option<Noun>>,
    dialog: NodeRef<html::Dialog>,
}

impl Side {
    /// One that is closed.
    #[expect(
        clippy::new_without_default,
        reason = "it makes signals, which belong to the component that runs"
    )]
    pub fn new() -> Self {
        Self {
            asked: RwSignal::new(None),
            dialog: NodeRef::new(),
        }
    }

    /// Opens the form of this noun.
    pub fn open(self, noun: Noun) {
        self.asked.set(Some(noun));
    }

    /// Closes it, which gives the focus back to what had it before. The page may be gone meanwhile.
    pub fn close(self) {
        if let Some(dialog) = self.dialog.try_get_untracked().flatten() {
            dialog.close();
        }
    }

    /// The dialog, to stand outside of the form: a form cannot hold another one.
    pub fn view(self, form: impl Fn(Noun) -> AnyView + Send + Sync + 'static) -> AnyView {
        (move || self.asked.get().map(|noun| self.dialog(noun, form(noun)))).into_any()
    }

    fn dialog(self, noun: Noun, form: AnyView) -> AnyView {
        Effect::new(move |_| {
            if let Some(dialog) = self.dialog.get() {
                // It fails only for one that is open already, or that is gone.
                let _ = dialog.show_modal();
                focus_later(HEADING);
            }
        });
        view! {
            <dialog
                node_ref=self.dialog
                class="dialog side"
                aria-labelledby=HEADING
                on:close=move |_| {
                    if !is_shown(self.dialog) {
                        self.asked.set(None);
                    }
                }
            >
                <h2 id=HEADING tabindex="-1">
                    {title(noun)}
                </h2>
                {form}
            </dialog>
        }
        .into_any()
    }
}

/// What a noun's button and its dialog are called.
pub const fn title(noun: Noun) -> &'static str {
    match noun {
        Noun::Pool => common::NEW_POOL,
        Noun::Zone => common::NEW_ZONE,
        Noun::Provider => text::NEW_PROVIDER,
        Noun::LdapConfig => text::NEW_LDAP,
    }
}
