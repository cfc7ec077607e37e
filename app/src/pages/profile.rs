//! A person's own page: their SSH keys.

use domain::user::{NewSshKey, SshKey, SshKeyInput};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;
use leptos_router::hooks::use_query_map;

use crate::api::ssh_key::{ssh_key_create, ssh_key_delete, ssh_key_list};
use crate::components::confirm::delete_button;
use crate::components::copy::Copyable;
use crate::components::data::{Data, data};
use crate::components::empty::Empty;
use crate::components::form::page::FormPage;
use crate::components::form::{FormState, Start};
use crate::components::load::{Tried, loaded, submit};
use crate::components::problem::LastProblem;
use crate::components::table::Table;
use crate::components::time::Time;
use crate::connect::USUAL_KEY_FILE;
use crate::forms;
use crate::pages::session::{page_of, session_of};
use crate::text::{common, profile as text};

/// The own SSH keys, and a form for one more. `?back=` names the session that a key is wanted for.
#[component]
pub fn ProfilePage() -> impl IntoView {
    let query = use_query_map();
    let back = Memo::new(move |_| {
        let path = query.read().get("back")?;
        session_of(&path).map(page_of)
    });
    let keys = data(ssh_key_list);
    let made = RwSignal::new(None::<NewSshKey>);
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None));
    // A new form after each key.
    let state = RwSignal::new(FormState::new(&forms::SSH_KEY, Start::default()));
    let save = Callback::new(move |()| {
        let form = state.get_untracked();
        let call = async move {
            let input: SshKeyInput = forms::read(&forms::SSH_KEY, form.document())?;
            form.send(ssh_key_create(input)).await
        };
        submit(busy, problem, call, move |key| {
            made.set(Some(key));
            state.set(FormState::new(&forms::SSH_KEY, Start::default()));
            keys.refetch();
        });
    });

    view! {
        <Title text=common::PROFILE />
        <h1>{common::PROFILE}</h1>
        <section aria-labelledby="keys">
            <h2 id="keys">{text::SSH_KEYS}</h2>
            <p class="help">{text::HELP}</p>
            {key_table(keys)}
            {move || made.get().map(new_key)}
            {move || {
                let back = back.get().filter(|_| made.read().is_some());
                back.map(|back| {
                    view! {
                        <p>
                            <A href=back attr:class="button">
                                {text::BACK}
                            </A>
                        </p>
                    }
                })
            }}
        </section>
        <section aria-labelledby="add">
            <h2 id="add">{text::ADD}</h2>
            {move || {
                view! {
                    <FormPage
                        state=state.get()
                        save=text::SAVE
                        cancel=back.get().unwrap_or_else(|| "/portal".to_owned())
                        on_save=save
                        busy=busy
                        problem=problem
                    />
                }
            }}
        </section>
    }
}

fn key_table(keys: Data<Vec<SshKey>>) -> AnyView {
    let Tried { busy, problem } = Tried::new();
    let cells = move |key: SshKey| {
        let id = key.id;
        let delete = Callback::new(move |()| {
            submit(busy, problem, ssh_key_delete(id), move |()| keys.refetch());
        });
        vec![
            key.name.clone().into_any(),
            view! { <code class="break">{key.fingerprint}</code> }.into_any(),
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
        text::SSH_KEYS,
        &[
            common::NAME,
            text::FINGERPRINT,
            text::ADDED,
            common::ACTIONS,
        ],
        |key: &SshKey| key.id.to_string(),
        cells,
    );
    view! {
        <LastProblem problem=problem />
        {loaded(
            keys,
            move |list| {
                if list.is_empty() {
                    return view! { <Empty text=text::NONE /> }.into_any();
                }
                table.whole(list)
            },
        )}
    }
    .into_any()
}

/// The key that was just added. Its private half, if Weir has made it, is shown this once.
fn new_key(new: NewSshKey) -> AnyView {
    let name = new.key.name;
    let Some(private) = new.private_key else {
        return view! {
            <div class="banner ready" role="status">
                <p>{text::is_kept(&name)}</p>
            </div>
        }
        .into_any();
    };
    let address = format!("data:application/x-pem-file,{}", percent_encoded(&private));
    let install = format!(
        "mkdir -p -m 700 ~/.ssh && mv ~/Downloads/weir_ed25519 {USUAL_KEY_FILE} && chmod 600 {USUAL_KEY_FILE}"
    );
    view! {
        <div class="banner ready" role="status">
            <p>
                <strong>{text::shown_once(&name)}</strong>
            </p>
            <p>
                <a class="button primary" href=address download="weir_ed25519" rel="external">
                    {text::DOWNLOAD}
                </a>
            </p>
            <p>{text::THEN_INSTALL}</p>
            <Copyable text=install what=text::INSTALL_COMMAND />
            <Copyable text=private what=common::PRIVATE_KEY />
        </div>
    }
    .into_any()
}

/// A text for a `data:` address.
fn percent_encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_address() {
        assert_eq!(percent_encoded("-a+/=\n"), "-a%2B%2F%3D%0A");
    }
}
