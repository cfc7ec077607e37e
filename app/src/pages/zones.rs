//! Deployment zones: the list, a new one, an old one changed.

use domain::event::EventNoun;
use domain::id::ZoneId;
use domain::zone::{Zone, ZoneInput};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;

use crate::api::zone::{zone_create, zone_delete, zone_get, zone_list, zone_replace};
use crate::components::confirm::delete_button;
use crate::components::data::data;
use crate::components::empty::Empty;
use crate::components::form::page::{Beside, Cancel, FormPage};
use crate::components::form::{FormState, Start};
use crate::components::live::Live;
use crate::components::load::{heading_of, loaded, submit, use_go, use_id};
use crate::components::problem::LastProblem;
use crate::components::saved::LastSaved;
use crate::components::table::{Table, link};
use crate::forms;
use crate::text::{common, zones as text};

/// All zones.
#[component]
pub fn ZonesPage() -> impl IntoView {
    let live = expect_context::<Live>();
    let zones = data(move || {
        live.follow(&[EventNoun::Zone]);
        zone_list()
    });
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None));
    let cells = move |zone: Zone| {
        let delete = Callback::new(move |()| {
            submit(
                busy,
                problem,
                zone_delete(zone.id, zone.version),
                move |()| live.changed(EventNoun::Zone),
            );
        });
        let name = zone.input.name;
        vec![
            link(format!("/admin/zones/{}/edit", zone.id), &name),
            view! { <code>{zone.input.upstream_auth_address}</code> }.into_any(),
            delete_button(
                &name,
                &text::the_zone(&name),
                text::DELETE,
                text::DELETE_HELP,
                delete,
            ),
        ]
    };
    let table = Table::new(
        common::ZONES,
        &[common::NAME, text::ADDRESS, common::ACTIONS],
        |thing: &Zone| thing.id.to_string(),
        cells,
    );
    view! {
        <Title text=common::ZONES />
        <div class="page-head">
            <h1>{common::ZONES}</h1>
            <A href="/admin/zones/new" attr:class="button primary">
                {common::NEW_ZONE}
            </A>
        </div>
        <LastProblem problem=problem />
        {expect_context::<LastSaved>().notice_of_thing()}
        {loaded(
            zones,
            move |page| {
                if page.items.is_empty() {
                    return view! { <Empty text=text::NONE /> }.into_any();
                }
                table.first(page)
            },
        )}
    }
}

/// A new zone.
#[component]
pub fn ZoneNewPage() -> impl IntoView {
    view! {
        <Title text=common::NEW_ZONE />
        <h1>{common::NEW_ZONE}</h1>
        {editor(None, None)}
    }
}

/// A zone that is there already.
#[component]
pub fn ZoneEditPage() -> impl IntoView {
    let id = use_id::<ZoneId>(text::NOUN);
    let zone = data(move || {
        let id = id.get();
        async move { zone_get(id?).await }
    });
    view! {
        <Title text=text::CHANGE />
        {heading_of(text::CHANGE, zone, |zone| zone.input.name.clone())}
        {loaded(zone, |zone| editor(Some(zone), None))}
    }
}

/// The form of a zone, on a page of its own or beside another form.
pub fn editor(old: Option<Zone>, beside: Option<Beside<Zone>>) -> AnyView {
    let draft = old
        .as_ref()
        .map(|zone| forms::draft_of(&forms::ZONE, &zone.input))
        .unwrap_or_default();
    let seen = old.map(|zone| (zone.id, zone.version));
    let state = FormState::new(
        &forms::ZONE,
        Start {
            draft,
            is_beside: beside.is_some(),
            ..Start::default()
        },
    );
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None));
    let (go, last) = (use_go(), expect_context::<LastSaved>());
    let save = Callback::new(move |()| {
        let call = async move {
            let input: ZoneInput = forms::read(&forms::ZONE, state.document())?;
            match seen {
                Some((id, version)) => state.send(zone_replace(id, version, input)).await,
                None => state.send(zone_create(input)).await,
            }
        };
        submit(busy, problem, call, move |zone: Zone| {
            if let Some(beside) = beside {
                beside.try_run(Some(zone));
                return;
            }
            last.set_thing(&zone.input.name);
            go.run("/admin/zones".to_owned());
        });
    });
    let word = if seen.is_some() {
        text::SAVE
    } else {
        text::CREATE
    };
    let cancel = Cancel::of("/admin/zones".to_owned(), beside);
    view! { <FormPage state=state save=word cancel=cancel on_save=save busy=busy problem=problem /> }
        .into_any()
}
