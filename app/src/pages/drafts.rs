//! Configs that have been begun and not been made yet.

use domain::autoscale::FORM;
use domain::draft::SavedDraft;
use domain::event::EventNoun;
use domain::id::{DraftId, PoolId};
use futures::try_join;
use leptos::prelude::*;

use crate::api::ApiResult;
use crate::api::draft::{draft_delete, draft_list};
use crate::api::pool::pool_list;
use crate::components::confirm::Confirm;
use crate::components::data::data;
use crate::components::live::Live;
use crate::components::load::{Tried, loaded, submit};
use crate::components::table::{Table, link};
use crate::components::time::Time;
use crate::pages::autoscale::pool_of;
use crate::text::{common, drafts as text};

/// The drafts of the one who asks, to go on with or to throw away; nothing where there are none.
pub fn draft_section(tried: Tried) -> AnyView {
    let live = expect_context::<Live>();
    let Tried { busy, problem } = tried;
    // Each with the pool that it is for, as far as that is there.
    let drafts = data(move || {
        live.follow(&[EventNoun::Pool]);
        async {
            let (drafts, pools) = try_join!(draft_list(), pool_list())?;
            let pools = pools.items;
            let own = drafts.into_iter().filter(|draft| draft.form == FORM.key);
            let with_pool = own.rev().map(|draft| {
                let id = pool_of(&draft.values).ok();
                let pool = pools.iter().find(|pool| Some(pool.id) == id);
                let pool = pool.map(|pool| (pool.id, pool.name.clone()));
                (draft, pool)
            });
            Ok(with_pool.collect::<Vec<_>>())
        }
    });
    let table = Table::new(
        text::DRAFTS,
        &[common::NAME, common::POOL, text::SAVED, common::ACTIONS],
        |(draft, _): &(SavedDraft, Option<(PoolId, String)>)| draft.id.to_string(),
        move |(draft, pool)| {
            let (id, name) = (draft.id, draft_name(&draft));
            let throw = Callback::new(move |()| {
                submit(busy, problem, draft_delete(id), move |()| {
                    live.changed(EventNoun::Pool);
                });
            });
            let (pool, pool_name) = pool.unzip();
            vec![
                link(draft_address(pool, id), &name),
                pool_name
                    .unwrap_or_else(|| common::NONE.to_owned())
                    .into_any(),
                view! { <Time at=draft.updated_at /> }.into_any(),
                view! {
                    <Confirm
                        label=text::THROW_AWAY
                        about=name.clone()
                        question=text::throw_away(&name)
                        consequence=text::THROW_AWAY_HELP
                        action=text::THROW_AWAY
                        on_confirm=throw
                    />
                }
                .into_any(),
            ]
        },
    );
    loaded(drafts, move |drafts| {
        (!drafts.is_empty())
            .then(|| {
                view! {
                    <section aria-labelledby="drafts">
                        <h2 id="drafts">{text::DRAFTS}</h2>
                        {table.whole(drafts)}
                    </section>
                }
            })
            .into_any()
    })
}

/// The actor's drafts of configs for this pool, newest first; of all pools, where none is named.
pub async fn drafts_for(pool: Option<PoolId>) -> ApiResult<Vec<SavedDraft>> {
    let mut drafts = draft_list().await?;
    drafts.retain(|draft| {
        let is_its = pool.is_none() || pool_of(&draft.values).ok() == pool;
        draft.form == FORM.key && is_its
    });
    drafts.reverse();
    Ok(drafts)
}

/// Leads on to drafts that were begun before. `is_in_form`: the form of a draft is on this page, and each is another's.
pub fn draft_hints(pool: Option<PoolId>, drafts: &[SavedDraft], is_in_form: bool) -> AnyView {
    let hint = |draft: &SavedDraft| {
        view! {
            <li>
                // External ones are loaded as a new page.
                <a href=draft_address(pool, draft.id) rel=is_in_form.then_some("external")>
                    {draft_name(draft)}
                </a>
                {text::SAVED_AT}
                <Time at=draft.updated_at />
            </li>
        }
    };
    (!drafts.is_empty())
        .then(|| {
            view! {
                <div class="banner starting">
                    <p>
                        <strong>{text::GO_ON}</strong>
                    </p>
                    <ul>{drafts.iter().map(hint).collect_view()}</ul>
                </div>
            }
        })
        .into_any()
}

/// The way on with the drafts of a pool, on the page of the pool; nothing where there are none.
pub fn drafts_of_pool(pool: Signal<ApiResult<PoolId>>) -> AnyView {
    let live = expect_context::<Live>();
    let drafts = data(move || {
        let id = pool.get();
        live.follow(&[EventNoun::Pool]);
        async move {
            let id = id?;
            Ok((id, drafts_for(Some(id)).await?))
        }
    });
    loaded(drafts, |(id, drafts)| draft_hints(Some(id), &drafts, false))
}

/// Where a draft is gone on with.
pub fn draft_address(pool: Option<PoolId>, draft: DraftId) -> String {
    let new = match pool {
        Some(pool) => format!("/admin/pools/{pool}/scaling/new"),
        None => "/admin/scaling/new".to_owned(),
    };
    format!("{new}?draft={draft}")
}

/// What a draft is called.
pub fn draft_name(draft: &SavedDraft) -> String {
    let name = draft.values.get("name").and_then(|name| name.as_str());
    match name.map(str::trim) {
        None | Some("") => text::NO_NAME.to_owned(),
        Some(name) => name.to_owned(),
    }
}
