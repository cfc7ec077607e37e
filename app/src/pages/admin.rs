//! The admin's overview: what all pools hold, or how to begin.

use domain::event::EventNoun;
use domain::pool::{Pool, PoolCounts};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;

use crate::api::demo::demo_create;
use crate::api::pool::pool_list;
use crate::components::confirm::use_ready;
use crate::components::data::data;
use crate::components::live::Live;
use crate::components::load::{loaded, submit, use_go};
use crate::components::problem::LastProblem;
use crate::pages::pools::pool_table;
use crate::words;

/// One sentence about everything, then the pools. With no pool yet: the two ways to begin.
#[component]
pub fn AdminPage() -> impl IntoView {
    let live = expect_context::<Live>();
    let pools = data(move || {
        live.follow(&[EventNoun::Pool, EventNoun::Server, EventNoun::Session]);
        pool_list()
    });
    view! {
        <Title text="Overview" />
        <h1>"Overview"</h1>
        {loaded(
            pools,
            |page| {
                if page.items.is_empty() {
                    return begin();
                }
                view! {
                    <p class="lead">{words::pool_sentence(sum(&page.items))}</p>
                    {pool_table(page)}
                }
                    .into_any()
            },
        )}
    }
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
                <h2>"Try it on this machine"</h2>
                <p>"Makes a pool of real SSH servers on the machine that Weir runs on, with one kept ready. Where that is not possible, they are machines in memory."</p>
                <div class="actions">
                    <button
                        type="button"
                        class="button primary"
                        disabled=move || !ready.get() || busy.get()
                        on:click=start
                    >
                        "Try it on this machine"
                    </button>
                </div>
            </li>
            <li class="card">
                <h2>"Start empty"</h2>
                <p>"A zone says where servers reach Weir, a provider makes them, a pool is what people open."</p>
                <div class="actions">
                    <A href="/admin/zones/new" attr:class="button">
                        "New zone"
                    </A>
                    <A href="/admin/providers/new" attr:class="button">
                        "New provider"
                    </A>
                    <A href="/admin/pools/new" attr:class="button">
                        "New pool"
                    </A>
                </div>
            </li>
        </ul>
    }
    .into_any()
}
