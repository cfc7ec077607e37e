//! LDAP configs: the list, a new one, an old one changed.

use domain::id::LdapConfigId;
use domain::ldap::{FORM, SavedLdapConfig};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;

use crate::api::ldap_config::{
    ldap_config_create, ldap_config_delete, ldap_config_get, ldap_config_list, ldap_config_replace,
};
use crate::components::confirm::delete_button;
use crate::components::data::data;
use crate::components::empty::Empty;
use crate::components::form::page::{Beside, Cancel, FormPage};
use crate::components::form::{FormState, Start};
use crate::components::load::{heading_of, loaded, submit, use_go, use_id};
use crate::components::problem::LastProblem;
use crate::components::saved::LastSaved;
use crate::components::table::{Table, link};
use crate::text::{common, directories as text};

/// All directories.
#[component]
pub fn DirectoriesPage() -> impl IntoView {
    let configs = data(ldap_config_list);
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None));
    let cells = move |config: SavedLdapConfig| {
        let delete = Callback::new(move |()| {
            submit(
                busy,
                problem,
                ldap_config_delete(config.id, config.version),
                move |()| configs.refetch(),
            );
        });
        let name = name_of(&config);
        let url = config
            .values
            .get("url")
            .and_then(|url| url.as_str())
            .unwrap_or_default()
            .to_owned();
        vec![
            link(format!("/admin/directories/{}/edit", config.id), &name),
            view! { <code>{url}</code> }.into_any(),
            delete_button(
                &name,
                &text::the_directory(&name),
                text::DELETE,
                text::DELETE_HELP,
                delete,
            ),
        ]
    };
    let table = Table::new(
        common::DIRECTORIES,
        &[common::NAME, text::URL, common::ACTIONS],
        |thing: &SavedLdapConfig| thing.id.to_string(),
        cells,
    );
    view! {
        <Title text=common::DIRECTORIES />
        <div class="page-head">
            <h1>{common::DIRECTORIES}</h1>
            <A href="/admin/directories/new" attr:class="button primary">
                {common::NEW_DIRECTORY}
            </A>
        </div>
        <LastProblem problem=problem />
        {expect_context::<LastSaved>().notice_of_thing()}
        {loaded(
            configs,
            move |page| {
                if page.items.is_empty() {
                    return view! { <Empty text=text::NONE /> }.into_any();
                }
                table.first(page)
            },
        )}
    }
}

/// The name of a directory.
pub fn name_of(config: &SavedLdapConfig) -> String {
    config
        .values
        .get("name")
        .and_then(|name| name.as_str())
        .unwrap_or_default()
        .to_owned()
}

/// A new directory.
#[component]
pub fn DirectoryNewPage() -> impl IntoView {
    view! {
        <Title text=common::NEW_DIRECTORY />
        <h1>{common::NEW_DIRECTORY}</h1>
        {editor(None, None)}
    }
}

/// A directory that is there already.
#[component]
pub fn DirectoryEditPage() -> impl IntoView {
    let id = use_id::<LdapConfigId>(text::NOUN);
    let config = data(move || {
        let id = id.get();
        async move { ldap_config_get(id?).await }
    });
    view! {
        <Title text=text::CHANGE />
        {heading_of(text::CHANGE, config, name_of)}
        {loaded(config, |config| editor(Some(config), None))}
    }
}

/// The form of a directory, on a page of its own or beside another form.
pub fn editor(old: Option<SavedLdapConfig>, beside: Option<Beside<SavedLdapConfig>>) -> AnyView {
    let seen = old.as_ref().map(|config| (config.id, config.version));
    let mut start = old
        .map(|config| Start {
            draft: config.values,
            secrets: config.secrets,
            ..Start::default()
        })
        .unwrap_or_default();
    start.is_beside = beside.is_some();
    let state = FormState::new(&FORM, start);
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None));
    let (go, last) = (use_go(), expect_context::<LastSaved>());
    let save = Callback::new(move |()| {
        let call = async move {
            match seen {
                Some((id, version)) => {
                    state
                        .send(ldap_config_replace(id, version, state.document()))
                        .await
                }
                None => state.send(ldap_config_create(state.document())).await,
            }
        };
        submit(busy, problem, call, move |saved| {
            if let Some(beside) = beside {
                beside.try_run(Some(saved));
                return;
            }
            last.set_thing(&name_of(&saved));
            go.run("/admin/directories".to_owned());
        });
    });
    let word = if seen.is_some() {
        text::SAVE
    } else {
        text::CREATE
    };
    let cancel = Cancel::of("/admin/directories".to_owned(), beside);
    view! {
        <FormPage state=state save=word cancel=cancel on_save=save busy=busy problem=problem />
    }
    .into_any()
}
