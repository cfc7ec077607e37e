//! API keys: the list, and a new one.

use domain::actor::Role;
use domain::page::Page;
use domain::user::{ApiKey, ApiKeyInput, NewApiKey, User};
use futures::try_join;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;

use crate::api::ApiResult;
use crate::api::api_key::{api_key_create, api_key_delete, api_key_list};
use crate::api::user::user_list;
use crate::components::confirm::delete_button;
use crate::components::copy::Copyable;
use crate::components::data::data;
use crate::components::empty::Empty;
use crate::components::form::page::FormPage;
use crate::components::form::{FormState, Options, Start};
use crate::components::load::{loaded, submit};
use crate::components::problem::LastProblem;
use crate::components::table::Table;
use crate::components::time::Time;
use crate::forms;
use crate::pages::users::role;
use crate::text::{api_keys as text, common};

/// All keys.
#[component]
pub fn ApiKeysPage() -> impl IntoView {
    let keys = data(keys_and_people);
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None));
    let cells = move |(key, person): (ApiKey, String)| {
        let delete = Callback::new(move |()| {
            submit(busy, problem, api_key_delete(key.id), move |()| {
                keys.refetch();
            });
        });
        vec![
            key.name.clone().into_any(),
            role(key.role).into_any(),
            person.into_any(),
            view! { <Time at=key.created_at /> }.into_any(),
            delete_button(
                &key.name,
                &text::the_key(&key.name),
                text::DELETE,
                text::DELETE_HELP,
                delete,
            ),
        ]
    };
    let table = Table::new(
        common::API_KEYS,
        &[
            common::NAME,
            common::ROLE,
            common::PERSON,
            common::MADE,
            common::ACTIONS,
        ],
        |(key, _): &(ApiKey, String)| key.id.to_string(),
        cells,
    );
    view! {
        <Title text=common::API_KEYS />
        <div class="page-head">
            <h1>{common::API_KEYS}</h1>
            <A href="/admin/api-keys/new" attr:class="button primary">
                {text::NEW}
            </A>
        </div>
        <LastProblem problem=problem />
        {to_manual()}
        {loaded(
            keys,
            move |keys| {
                if keys.items.is_empty() {
                    return view! { <Empty text=text::NONE /> }.into_any();
                }
                table.first(keys)
            },
        )}
    }
}

/// Each key with the name of whom it acts as.
async fn keys_and_people() -> ApiResult<Page<(ApiKey, String)>> {
    let (people, keys) = try_join!(user_list(), api_key_list())?;
    let people = people.items;
    Ok(keys.map(|key| {
        let person = people.iter().find(|user| Some(user.id) == key.user_id);
        let name = person.map_or(text::NOBODY, |user| &user.name).to_owned();
        (key, name)
    }))
}

/// A new key; its text is shown once.
#[component]
pub fn ApiKeyNewPage() -> impl IntoView {
    let people = data(user_list);
    let made = RwSignal::new(None::<NewApiKey>);
    view! {
        <Title text=common::NEW_API_KEY />
        <h1>{common::NEW_API_KEY}</h1>
        {move || match made.get() {
            Some(new) => {
                view! {
                    <div class="banner ready" role="status">
                        <p>
                            <strong>{text::shown_once(&new.key.name)}</strong>
                        </p>
                        <Copyable text=new.token.clone() what=text::API_KEY />
                        <p>{text::EXAMPLE}</p>
                        <Copyable text=example(&new) what=text::EXAMPLE_CALL />
                        {to_manual()}
                        <p>
                            <A href="/admin/api-keys">{text::BACK}</A>
                        </p>
                    </div>
                }
                    .into_any()
            }
            None => {
                view! {
                    {to_manual()}
                    {loaded(people, move |page| editor(page.items, made))}
                }
                    .into_any()
            }
        }}
    }
}

/// The way to what programs can ask for.
fn to_manual() -> AnyView {
    // Not one of the pages that are gone to without loading: the server alone has it.
    view! {
        <p>
            <a href="/docs/api/" rel="external">
                {text::TO_MANUAL}
            </a>
        </p>
    }
    .into_any()
}

/// A call that the key may make. A key is made in the browser alone, which knows how Weir is reached.
fn example(new: &NewApiKey) -> String {
    let origin = window().location().origin().unwrap_or_default();
    let list = match new.key.role {
        Role::Admin => "servers",
        Role::User => "sessions",
    };
    text::example_call(&new.token, &origin, list)
}

fn editor(people: Vec<User>, made: RwSignal<Option<NewApiKey>>) -> AnyView {
    let people = people
        .into_iter()
        .map(|user| (user.id.to_string(), user.name))
        .collect();
    let options = Options::from([("user_id".to_owned(), people)]);
    let state = FormState::new(
        &forms::API_KEY,
        Start {
            options,
            ..Start::default()
        },
    );
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None));
    let save = Callback::new(move |()| {
        let call = async move {
            let input: ApiKeyInput = forms::read(&forms::API_KEY, state.document())?;
            state.send(api_key_create(input)).await
        };
        submit(busy, problem, call, move |key| made.set(Some(key)));
    });
    view! {
        <FormPage
            state=state
            save=text::CREATE
            cancel="/admin/api-keys".to_owned()
            on_save=save
            busy=busy
            problem=problem
        />
    }
    .into_any()
}
