//! The admin's overview: whether all is well, what is not, what all pools hold, what people have done; or how to begin.

use domain::audit::AuditRecord;
use domain::draft::SavedDraft;
use domain::event::EventNoun;
use domain::id::PoolId;
use domain::plan::explain;
use domain::pool::{Pool, PoolCounts};
use futures::try_join;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;

use crate::api::audit::audit_list;
use crate::api::decision::decision_newest;
use crate::api::demo::demo_create;
use crate::api::pool::pool_list;
use crate::api::provider::provider_list;
use crate::attention::{Need, Why, needs};
use crate::components::confirm::use_ready;
use crate::components::data::data;
use crate::components::empty::Empty;
use crate::components::figures::pool_figures;
use crate::components::finding::way_to;
use crate::components::live::Live;
use crate::components::load::{loaded, loaded_beside, submit, use_go};
use crate::components::problem::LastProblem;
use crate::components::table::link;
use crate::components::time::{Age, AgeAs};
use crate::pages::activity;
use crate::pages::autoscale::pool_of;
use crate::pages::drafts::{draft_address, draft_name, drafts_for};
use crate::pages::pool_decisions::decisions_address;
use crate::pages::pools::{last_hours, pool_table, show_pools};
use crate::text::{admin as text, common, words};

/// So many of the newest deeds stand on the overview.
const DEEDS: u32 = 10;

/// One sentence about everything, what needs an admin, the pools, the newest deeds. With no pool yet: the two ways to begin.
#[component]
pub fn AdminPage() -> impl IntoView {
    let live = expect_context::<Live>();
    let pools = data(move || {
        live.follow(&[
            EventNoun::Pool,
            EventNoun::Provider,
            EventNoun::Server,
            EventNoun::Session,
            EventNoun::Decision,
        ]);
        async {
            let (pools, newest, providers) =
                try_join!(pool_list(), decision_newest(), provider_list())?;
            // Asked for where one may lead on: a pool that nothing makes servers for.
            let drafts = if pools.items.iter().any(|pool| pool.protocol.is_none()) {
                drafts_for(None).await?
            } else {
                Vec::new()
            };
            Ok((pools, newest, providers.items, drafts))
        }
    });
    let (lines, table) = (last_hours(), pool_table());
    let deeds = data(move || {
        live.follow(&activity::NOUNS);
        audit_list(None, true, None, Some(DEEDS))
    });
    view! {
        <Title text=common::OVERVIEW />
        <h1>{common::OVERVIEW}</h1>
        {loaded_beside(
            pools,
            lines,
            move |(page, newest, providers, drafts), lines| {
                if page.items.is_empty() {
                    return begin();
                }
                let needs = needs(&page.items, &newest, &providers);
                view! {
                    <p class="lead">{words::status(&needs)}</p>
                    {pool_figures(sum(&page.items))}
                    {need_section(&needs, &drafts)}
                    <section aria-labelledby="pools">
                        <h2 id="pools">{common::POOLS}</h2>
                        {show_pools(table, page, lines.as_ref())}
                    </section>
                }
                    .into_any()
            },
        )}
        <section aria-labelledby="deeds">
            <h2 id="deeds">{text::LAST_DEEDS}</h2>
            {loaded(deeds, |page| deed_list(&page.items))}
        </section>
    }
}

fn need_section(needs: &[Need], drafts: &[SavedDraft]) -> AnyView {
    let body = if needs.is_empty() {
        view! { <p class="muted">{text::NO_NEEDS}</p> }.into_any()
    } else {
        need_list(needs, false, drafts)
    };
    view! {
        <section aria-labelledby="needs">
            <h2 id="needs">{text::NEEDS}</h2>
            {body}
        </section>
    }
    .into_any()
}

/// What needs an admin, each with the way to what decides it and to the `drafts` that would; nothing where nothing does.
/// `on_its_page`: it stands on the page of the pool, which needs no naming there.
pub fn need_list(needs: &[Need], on_its_page: bool, drafts: &[SavedDraft]) -> AnyView {
    let item = |need| need_item(need, on_its_page, drafts);
    (!needs.is_empty())
        .then(|| view! { <ul class="needs">{needs.iter().map(item).collect_view()}</ul> })
        .into_any()
}

fn need_item(need: &Need, on_its_page: bool, drafts: &[SavedDraft]) -> AnyView {
    let pool = format!("/admin/pools/{}", need.pool_id);
    let name = (!on_its_page).then(|| view! { {link(pool.clone(), &need.pool_name)} ": " });
    let waiting = (need.waiting > 0).then(|| {
        view! { <strong>{words::people_wait(need.waiting)}</strong> " " }
    });
    match &need.why {
        Why::NotSetUp => view! {
            <li class="banner starting">
                <p>{name} {text::NOT_SET_UP}</p>
                <p>{link(format!("{pool}/scaling/new"), common::SET_UP_SCALING)}</p>
                {draft_ways(need.pool_id, drafts)}
            </li>
        }
        .into_any(),
        Why::Failing {
            provider,
            name: of,
            failures,
        } => {
            let what = text::failed(of, *failures);
            view! {
                <li class="banner starting">
                    <p>{name} {waiting} {what}</p>
                    <p>
                        {link(format!("/admin/providers/{provider}/edit"), text::TO_PROVIDER)} " "
                        {link(decisions_address(need.pool_id), common::WHY)}
                    </p>
                </li>
            }
            .into_any()
        }
        Why::Held {
            decided_at,
            finding,
            config,
        } => {
            let way =
                way_to(finding.reason, config).map(|(href, word)| view! { {link(href, word)} " " });
            view! {
                <li class="banner failed">
                    <p>{name} {waiting} {explain::sentence(finding, Some(config))}</p>
                    <p class="muted">{text::DECIDED} <Age since=*decided_at part_of=AgeAs::Ago /></p>
                    <p>{way} {link(decisions_address(need.pool_id), common::WHY)}</p>
                </li>
            }
            .into_any()
        }
    }
}

/// The way on with each draft of a pool.
fn draft_ways(pool: PoolId, drafts: &[SavedDraft]) -> AnyView {
    let own = drafts
        .iter()
        .filter(|draft| pool_of(&draft.values).ok() == Some(pool));
    own.map(|draft| {
        let way = link(draft_address(Some(pool), draft.id), &draft_name(draft));
        view! {
            <p>
                {text::GO_ON_WITH} {way} {text::SAVED} <Age since=draft.updated_at part_of=AgeAs::Ago />
            </p>
        }
    })
    .collect_view()
    .into_any()
}

fn deed_list(deeds: &[AuditRecord]) -> AnyView {
    if deeds.is_empty() {
        return view! { <Empty text=common::NOBODY_YET /> }.into_any();
    }
    let item = |entry: &AuditRecord| {
        view! {
            <li>
                {activity::who(entry)}
                ": "
                {activity::what(entry)}
                " "
                <span class="muted">
                    <Age since=entry.at part_of=AgeAs::Ago />
                </span>
            </li>
        }
    };
    view! {
        <ul class="findings">{deeds.iter().map(item).collect_view()}</ul>
        <p>{link("/admin/activity".to_owned(), text::ALL_DEEDS)}</p>
    }
    .into_any()
}

fn sum(pools: &[Pool]) -> PoolCounts {
    pools
        .iter()
        .fold(PoolCounts::default(), |sum, pool| PoolCounts {
            servers: sum.servers + pool.counts.servers,
            starting: sum.starting + pool.counts.starting,
            running: sum.running + pool.counts.running,
            free_seats: sum.free_seats + pool.counts.free_seats,
            sessions: sum.sessions + pool.counts.sessions,
            waiting: sum.waiting + pool.counts.waiting,
        })
}

fn begin() -> AnyView {
    let ready = use_ready();
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None));
    let go = use_go();
    let start = move |_| {
        submit(busy, problem, demo_create(), move |pool: Pool| {
            go.run(format!("/admin/pools/{}", pool.id));
        });
    };
    view! {
        <LastProblem problem=problem />
        <ul class="cards">
            <li class="card">
                <h2>{common::TRY_HERE}</h2>
                <p>{text::TRY_HERE_HELP}</p>
                <div class="actions">
                    <button
                        type="button"
                        class="button primary"
                        disabled=move || !ready.get() || busy.get()
                        on:click=start
                    >
                        {common::TRY_HERE}
                    </button>
                </div>
            </li>
            <li class="card">
                <h2>{text::START_EMPTY}</h2>
                <p>{text::START_EMPTY_HELP}</p>
                <div class="actions">
                    <A href="/admin/zones/new" attr:class="button">
                        {common::NEW_ZONE}
                    </A>
                    <A href="/admin/providers/new" attr:class="button">
                        {common::NEW_PROVIDER}
                    </A>
                    <A href="/admin/pools/new" attr:class="button">
                        {common::NEW_POOL}
                    </A>
                </div>
            </li>
        </ul>
    }
    .into_any()
}
