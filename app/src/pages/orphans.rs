//! Orphans: machines without a server and servers without a machine, and what an admin decides about the first.

use std::future::Future;
use std::pin::Pin;

use domain::event::EventNoun;
use domain::id::OrphanId;
use domain::orphan::{Orphan, OrphanChange, OrphanState};
use domain::page::Page;
use domain::timestamp::Timestamp;
use leptos::html;
use leptos::prelude::*;
use leptos_meta::Title;

use crate::api::ApiResult;
use crate::api::orphan::{orphan_adopt, orphan_delete, orphan_keep, orphan_list, orphan_release};
use crate::components::act::{Act, is_again};
use crate::components::badge::Badge;
use crate::components::data::data;
use crate::components::live::Live;
use crate::components::load::{Tried, loaded, submit};
use crate::components::problem::LastProblem;
use crate::components::table::{Table, link, paged, use_cursor};
use crate::components::time::{Age, Now, Time, TimeAs};
use crate::text::{common, orphans as text};

/// All orphans.
#[component]
pub fn OrphansPage() -> impl IntoView {
    let live = expect_context::<Live>();
    let cursor = use_cursor();
    let orphans = data(move || {
        let cursor = cursor.get();
        live.follow(&[EventNoun::Orphan]);
        orphan_list(cursor)
    });
    let tried = Tried::new();
    let asking = Asking::new();
    let machines = Table::new(text::MACHINES, &MACHINE_HEADS, key, move |orphan| {
        machine_row(&orphan, tried, asking)
    });
    let servers = Table::new(text::SERVERS, &SERVER_HEADS, key, |orphan| {
        server_row(&orphan)
    });
    view! {
        <Title text=common::ORPHANS />
        <h1>{common::ORPHANS}</h1>
        <p class="muted">{text::LEAD}</p>
        <LastProblem problem=tried.problem />
        {loaded(
            orphans,
            move |page: Page<Orphan>| {
                paged(
                    common::ORPHANS,
                    text::NONE,
                    page,
                    move |orphans| {
                        let (missing, without_row): (Vec<_>, Vec<_>) = orphans
                            .into_iter()
                            .partition(|orphan| orphan.status == OrphanState::Missing);
                        view! {
                            {section("machines", text::MACHINES, text::NO_ONE, machines, without_row)}
                            {section("servers", text::SERVERS, text::NO_ONE, servers, missing)}
                        }
                            .into_any()
                    },
                )
            },
        )}
        {asking.dialog(tried)}
    }
}

fn key(orphan: &Orphan) -> String {
    orphan.id.to_string()
}

/// One of the two tables, or the sentence that there is nothing in it.
fn section(
    id: &'static str,
    heading: &'static str,
    none: &'static str,
    table: Table<Orphan>,
    orphans: Vec<Orphan>,
) -> AnyView {
    let is_of_servers = orphans
        .first()
        .is_some_and(|orphan| orphan.status == OrphanState::Missing);
    let explained = is_of_servers.then(|| view! { <p class="muted">{text::SERVERS_EXPLAINED}</p> });
    let list = if orphans.is_empty() {
        view! { <p class="muted">{none}</p> }.into_any()
    } else {
        table.whole(orphans)
    };
    view! {
        <section aria-labelledby=id>
            <h2 id=id>{heading}</h2>
            {explained}
            {list}
        </section>
    }
    .into_any()
}

const MACHINE_HEADS: [&str; 7] = [
    text::MACHINE,
    common::STATE,
    text::PROVIDER,
    text::TAG,
    text::AGE,
    text::HOURS,
    common::ACTIONS,
];

fn machine_row(orphan: &Orphan, tried: Tried, asking: Asking) -> Vec<AnyView> {
    vec![
        view! { <span class="break">{machine_of(orphan)}</span> }.into_any(),
        state(orphan),
        link(
            format!("/admin/providers/{}/edit", orphan.provider_id),
            &orphan.provider_name,
        ),
        server_of(orphan),
        view! { <Age since=orphan.made_at /> }.into_any(),
        orphan.machine_hours.into_any(),
        actions(orphan, tried, asking),
    ]
}

const SERVER_HEADS: [&str; 7] = [
    common::SERVER,
    common::POOL,
    text::PROVIDER,
    text::MACHINE,
    text::MISSING_FOR,
    text::LISTS,
    text::HOURS,
];

fn server_row(orphan: &Orphan) -> Vec<AnyView> {
    vec![
        server_of(orphan),
        orphan.pool_id.map_or_else(
            || ().into_any(),
            |pool| {
                let name = orphan.pool_name.as_deref().unwrap_or_default();
                link(format!("/admin/pools/{pool}"), name)
            },
        ),
        link(
            format!("/admin/providers/{}/edit", orphan.provider_id),
            &orphan.provider_name,
        ),
        view! { <span class="break">{machine_of(orphan)}</span> }.into_any(),
        view! { <Age since=orphan.first_seen_at /> }.into_any(),
        orphan.lists.into_any(),
        orphan.machine_hours.into_any(),
    ]
}

fn machine_of(orphan: &Orphan) -> String {
    let machine = orphan.machine.as_ref();
    machine.map_or_else(|| common::NONE.to_owned(), |machine| machine.0.clone())
}

/// The server, and its page while there is a row of it.
fn server_of(orphan: &Orphan) -> AnyView {
    match (orphan.server_id, &orphan.server_name) {
        (Some(id), Some(name)) => link(format!("/admin/servers/{id}"), name),
        (Some(id), None) => view! { <code class="break">{id.to_string()}</code> }.into_any(),
        (None, _) => text::NO_TAG.into_any(),
    }
}

/// The state as a word, with how long it holds and who has decided it.
fn state(orphan: &Orphan) -> AnyView {
    let until = match orphan.status {
        OrphanState::Quarantined { until } => Some(view! { <LeftAlone until=until /> }),
        OrphanState::Kept
        | OrphanState::Condemned
        | OrphanState::Deleting { .. }
        | OrphanState::Foreign
        | OrphanState::Missing => None,
    };
    let who = orphan
        .decided_by_name
        .as_ref()
        .or(orphan.decided_by.as_ref());
    let who = who.map(|who| view! { <span class="muted">{text::by(who)}</span> });
    view! {
        <Badge state=text::state(&orphan.status) />
        " "
        {until}
        " "
        {who}
    }
    .into_any()
}

/// Until when it is left alone. Once that is over, only a list is awaited.
#[component]
fn LeftAlone(
    /// The end of its grace time.
    until: Timestamp,
) -> impl IntoView {
    let now = expect_context::<Now>();
    let is_over = Memo::new(move |_| now.get().is_some_and(|now| now >= until.millis()));
    view! {
        <span class="muted">
            {move || {
                if is_over.get() {
                    text::GOES_NEXT.into_any()
                } else {
                    view! {
                        {text::UNTIL}
                        <Time at=until shown=TimeAs::OfDay />
                    }
                        .into_any()
                }
            }}
        </span>
    }
}

/// What can be done about a machine without a server.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Keep,
    Release,
    Delete,
    Adopt,
}

impl Verb {
    const fn label(self) -> &'static str {
        match self {
            Self::Keep => text::KEEP,
            Self::Release => text::RELEASE,
            Self::Delete => text::DELETE_NOW,
            Self::Adopt => text::ADOPT,
        }
    }

    /// The word on the button that does it.
    const fn action(self) -> &'static str {
        match self {
            Self::Keep => text::KEEP_ACTION,
            Self::Release => text::RELEASE_ACTION,
            Self::Delete => text::DELETE_ACTION,
            Self::Adopt => text::ADOPT_ACTION,
        }
    }

    fn question(self, machine: &str) -> String {
        match self {
            Self::Keep => text::keep(machine),
            Self::Release => text::release(machine),
            Self::Delete => text::delete(machine),
            Self::Adopt => text::adopt(machine),
        }
    }

    fn call(
        self,
        id: OrphanId,
        dry_run: bool,
    ) -> Pin<Box<dyn Future<Output = ApiResult<OrphanChange>>>> {
        match self {
            Self::Keep => Box::pin(orphan_keep(id, dry_run)),
            Self::Release => Box::pin(orphan_release(id, dry_run)),
            Self::Delete => Box::pin(orphan_delete(id, dry_run)),
            Self::Adopt => Box::pin(orphan_adopt(id, dry_run)),
        }
    }
}

/// The verbs that change something about an orphan in this state, each in a place of its own.
fn verbs(state: &OrphanState) -> [Option<Verb>; 3] {
    let keep = match state {
        // Another Weir answers for it.
        OrphanState::Foreign => return [None; 3],
        OrphanState::Kept => Verb::Release,
        OrphanState::Quarantined { .. }
        | OrphanState::Condemned
        | OrphanState::Deleting { .. }
        | OrphanState::Missing => Verb::Keep,
    };
    let is_going = matches!(state, OrphanState::Condemned | OrphanState::Deleting { .. });
    let is_asked = matches!(state, OrphanState::Deleting { .. });
    [
        Some(keep),
        (!is_going).then_some(Verb::Delete),
        (!is_asked).then_some(Verb::Adopt),
    ]
}

fn actions(orphan: &Orphan, tried: Tried, asking: Asking) -> AnyView {
    let (id, machine) = (orphan.id, machine_of(orphan));
    let buttons = verbs(&orphan.status).into_iter().map(|verb| {
        let button = verb.map(|verb| {
            let about = machine.clone();
            let ask = Callback::new({
                let machine = machine.clone();
                move |()| asking.ask(verb, id, machine.clone(), tried)
            });
            view! { <Act label=verb.label() about=Some(about) busy=tried.busy on_press=ask /> }
        });
        view! { <span>{button}</span> }
    });
    view! { <div class="actions in-place">{buttons.collect_view()}</div> }.into_any()
}

/// The one dialog of the page: it asks once it is known what would happen, and outlives the rows, which come anew with each
/// change.
#[derive(Clone, Copy)]
struct Asking {
    dialog: NodeRef<html::Dialog>,
    question: RwSignal<Option<Question>>,
}

#[derive(Clone)]
struct Question {
    verb: Verb,
    id: OrphanId,
    machine: String,
    /// What the dry run says.
    effect: String,
}

impl Asking {
    fn new() -> Self {
        Self {
            dialog: NodeRef::new(),
            question: RwSignal::new(None),
        }
    }

    /// Tries it, and asks with what would happen. What would be refused is refused now, with the reason.
    fn ask(self, verb: Verb, id: OrphanId, machine: String, tried: Tried) {
        let Tried { busy, problem } = tried;
        submit(busy, problem, verb.call(id, true), move |change| {
            let effect = change.effect;
            let question = Question {
                verb,
                id,
                machine,
                effect,
            };
            self.question.set(Some(question));
            if let Some(dialog) = self.dialog.get_untracked() {
                // It fails only for a dialog that is open already.
                let _ = dialog.show_modal();
            }
        });
    }

    fn close(self) {
        if let Some(dialog) = self.dialog.get_untracked() {
            dialog.close();
        }
    }

    /// Does what was asked about.
    fn confirm(self, tried: Tried, live: Live) {
        self.close();
        let Some(question) = self.question.get_untracked() else {
            return;
        };
        let Tried { busy, problem } = tried;
        let call = question.verb.call(question.id, false);
        submit(busy, problem, call, move |_| {
            live.changed(EventNoun::Orphan);
        });
    }

    fn dialog(self, tried: Tried) -> AnyView {
        let live = expect_context::<Live>();
        let asked = move |of: fn(&Question) -> String| {
            self.question
                .with(|question| question.as_ref().map(of).unwrap_or_default())
        };
        view! {
            <dialog node_ref=self.dialog class="dialog" aria-labelledby="asked">
                <h2 id="asked">{move || asked(|one| one.verb.question(&one.machine))}</h2>
                <p>{move || asked(|one| one.effect.clone())}</p>
                <div class="actions">
                    <button
                        type="button"
                        class="button"
                        class:danger=move || asked_is_deletion(self.question)
                        on:click=move |event| {
                            if !is_again(&event) {
                                self.confirm(tried, live);
                            }
                        }
                    >
                        {move || asked(|one| one.verb.action().to_owned())}
                    </button>
                    <button type="button" class="button" on:click=move |_| self.close()>
                        {common::CANCEL}
                    </button>
                </div>
            </dialog>
        }
        .into_any()
    }
}

/// Whether what is asked cannot be taken back.
fn asked_is_deletion(question: RwSignal<Option<Question>>) -> bool {
    question.with(|question| {
        question
            .as_ref()
            .is_some_and(|one| one.verb == Verb::Delete)
    })
}
