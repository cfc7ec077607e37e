//! What people have done: who, when, to what, and what changed; an edit of a config can be taken back.

use std::collections::BTreeMap;

use domain::actor::Actor;
use domain::audit::AuditRecord;
use domain::event::EventNoun;
use domain::form::Form;
use domain::id::{AuditId, ConfigId};
use domain::provider::ProviderKind;
use leptos::prelude::*;
use leptos_meta::Title;
use serde::Deserialize;
use serde_json::Value;

use crate::api::audit::audit_list;
use crate::components::confirm::Confirm;
use crate::components::data::data;
use crate::components::filter::{Choice, filter_bar, use_list_address_with, use_query_value};
use crate::components::form::summary::focus_later;
use crate::components::form::text_of;
use crate::components::live::Live;
use crate::components::load::{Tried, loaded, submit};
use crate::components::problem::LastProblem;
use crate::components::saved;
use crate::components::table::{Table, link, use_cursor};
use crate::components::time::Time;
use crate::forms;
use crate::text::{activity as text, common, words};

/// The id of the page's heading.
const HEADING: &str = "activity";

/// What people do changes these. Nothing is told of deeds about people, keys and directories.
pub const NOUNS: [EventNoun; 5] = [
    EventNoun::Pool,
    EventNoun::Provider,
    EventNoun::Zone,
    EventNoun::Session,
    EventNoun::Orphan,
];

/// The newest of it; what was done to one thing, where the address names one (`?target=`), and by Weir itself too (`?by=all`).
#[component]
pub fn ActivityPage() -> impl IntoView {
    let (target, by, cursor) = (
        use_query_value("target"),
        use_query_value("by"),
        use_cursor(),
    );
    let by_people = move || by.get().as_deref() != Some("all");
    let live = expect_context::<Live>();
    let activity = data(move || {
        live.follow(&NOUNS);
        audit_list(target.get(), by_people(), cursor.get(), None)
    });
    let tried = Tried::new();
    let again = Callback::new(move |()| activity.refetch());
    let newest = RwSignal::new(Newest::new());
    let table = Table::new(
        common::ACTIVITY,
        &[
            common::WHEN,
            common::WHO,
            text::WHAT,
            text::CHANGES,
            common::ACTIONS,
        ],
        |entry: &AuditRecord| entry.id.to_string(),
        move |entry| cells(&entry, newest, tried, again),
    );
    let by = Choice {
        key: "by",
        label: text::DONE_BY,
        none: common::PEOPLE,
        options: vec![("all", text::PEOPLE_AND_WEIR)],
    };
    let address_with = use_list_address_with();
    view! {
        <Title text=common::ACTIVITY />
        <h1 id=HEADING tabindex="-1">
            {common::ACTIVITY}
        </h1>
        <p class="help">
            {move || {
                let (done, done_to) = if by_people() {
                    (text::BY_PEOPLE, text::BY_PEOPLE_TO)
                } else {
                    (text::BY_ALL, text::BY_ALL_TO)
                };
                match target.get() {
                    None => done.into_any(),
                    Some(target) => {
                        view! {
                            {done_to}
                            <code>{target}</code>
                            {text::END}
                            <a href=address_with("target", None)>{text::SHOW_ALL}</a>
                        }
                            .into_any()
                    }
                }
            }}
        </p>
        {filter_bar(text::FILTERED, false, vec![by])}
        <LastProblem problem=tried.problem />
        {loaded(
            activity,
            move |page| {
                newest.set(newest_in(&page.items));
                table.paged(common::NOBODY_YET, page)
            },
        )}
    }
}

/// The newest entry of each thing, as far as a page of the log has it.
type Newest = BTreeMap<String, AuditId>;

fn newest_in(entries: &[AuditRecord]) -> Newest {
    // They come newest first, and the last that is put in stays.
    let oldest_first = entries.iter().rev();
    oldest_first
        .map(|entry| (entry.target.clone(), entry.id))
        .collect()
}

/// Who has done it.
pub fn who(entry: &AuditRecord) -> String {
    match &entry.actor_name {
        Some(name) => name.clone(),
        None if entry.actor == Actor::System.label() => text::WEIR.to_owned(),
        None => entry.actor.clone(),
    }
}

/// What was done, with a link to what it was done to, if that has a page.
pub fn what(entry: &AuditRecord) -> AnyView {
    // With a grace period: a server that is there still, which may have been taken back since.
    let is_asked = entry.detail.get("grace") == Some(&Value::Bool(true));
    let what = words::deed(&entry.action, name_in(&entry.detail).as_deref(), is_asked);
    let what = match page_of(&entry.action, &entry.target, is_asked) {
        Some(path) => link(path, &what),
        None => what.into_any(),
    };
    view! {
        {what}
        {place(entry)}
    }
    .into_any()
}

/// Whose session it was, and in which pool; entries from before that was kept have neither.
fn place(entry: &AuditRecord) -> Option<AnyView> {
    let text = |key| entry.detail.get(key).and_then(Value::as_str);
    let (id, name) = text("pool_id").zip(text("pool_name"))?;
    let whose = text("user_name").filter(|user| Some(*user) != entry.actor_name.as_deref());
    let whose = whose.map(text::of);
    let pool = link(format!("/admin/pools/{id}"), name);
    Some(view! { {whose} {text::IN_POOL} {pool} }.into_any())
}

fn cells(
    entry: &AuditRecord,
    newest: RwSignal<Newest>,
    tried: Tried,
    again: Callback<()>,
) -> Vec<AnyView> {
    let changes = changes(form_of(&entry.action), &entry.detail);
    vec![
        view! { <Time at=entry.at /> }.into_any(),
        who(entry).into_any(),
        what(entry),
        (!changes.is_empty())
            .then(|| {
                view! { <ul class="findings">{changes.into_iter().map(|line| view! { <li>{line}</li> }).collect_view()}</ul> }
            })
            .into_any(),
        undo(entry, newest, tried, again),
    ]
}

/// Sets a config back to what it was before an edit, where nothing that was done to it later is on the page: that would be lost with
/// it, so the server refuses it.
fn undo(
    entry: &AuditRecord,
    newest: RwSignal<Newest>,
    tried: Tried,
    again: Callback<()>,
) -> AnyView {
    let Tried { busy, problem } = tried;
    // An edit from before versions were kept names none, and can not be taken back.
    let version = entry.detail.get("version").and_then(Value::as_i64);
    let (Ok(id), Some(version)) = (entry.target.parse::<ConfigId>(), version) else {
        return ().into_any();
    };
    let name = name_in(&entry.detail).unwrap_or_default();
    let restore = Callback::new(move |()| {
        submit(busy, problem, saved::undo(id, version), move |_| {
            again.run(());
            // The button goes with its edit being the newest one.
            focus_later(HEADING);
        });
    });
    let (target, entry) = (entry.target.clone(), entry.id);
    let button = move || {
        view! {
            <Confirm
                label=common::UNDO
                about=text::the_change(&name)
                question=text::set_back(&name)
                consequence=text::SET_BACK_HELP
                action=text::SET_BACK
                on_confirm=restore
            />
        }
    };
    let is_newest = Memo::new(move |_| newest.read().get(&target) == Some(&entry));
    (move || is_newest.get().then(&button)).into_any()
}

/// The page of what an entry is about, if it has one. What was deleted since has none, which the page says.
fn page_of(action: &str, target: &str, is_asked: bool) -> Option<String> {
    let (noun, verb) = action.split_once('.')?;
    let path = match (noun, verb) {
        (_, "delete") if !is_asked => return None,
        ("pool" | "demo", _) => format!("/admin/pools/{target}"),
        ("autoscale_config", _) => format!("/admin/autoscale/{target}/edit"),
        ("provider", _) => format!("/admin/providers/{target}/edit"),
        ("zone", _) => format!("/admin/zones/{target}/edit"),
        ("ldap_config", _) => format!("/admin/directories/{target}/edit"),
        ("user", _) => format!("/admin/users/{target}/edit"),
        ("server", _) => format!("/admin/servers/{target}"),
        _ => return None,
    };
    Some(path)
}

fn form_of(action: &str) -> Option<&'static Form> {
    match action.split_once('.')?.0 {
        "autoscale_config" => Some(&domain::autoscale::FORM),
        "ldap_config" => Some(&domain::ldap::FORM),
        "pool" => Some(&forms::POOL),
        "provider" => Some(&forms::PROVIDER),
        "zone" => Some(&forms::ZONE),
        "user" => Some(&forms::USER),
        _ => None,
    }
}

/// The name of what an entry is about, as far as the entry has it.
fn name_in(detail: &Value) -> Option<String> {
    let places = [Some(detail), detail.get("to"), detail.get("values")];
    let name = |place: &Value| Some(place.get("name")?.as_str()?.to_owned());
    places.into_iter().flatten().find_map(name)
}

/// What an edit has changed, a line for each field, by the field's label.
fn changes(form: Option<&'static Form>, detail: &Value) -> Vec<String> {
    let side = |key| detail.get(key).and_then(Value::as_object);
    let (Some(from), Some(to)) = (side("from"), side("to")) else {
        return Vec::new();
    };
    let mut keys: Vec<&String> = from.keys().chain(to.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let shown = |value: Option<&Value>| match value {
        Some(Value::Bool(on)) => if *on { text::ON } else { text::OFF }.to_owned(),
        value => value
            .map(text_of)
            .filter(|text| !text.is_empty())
            .unwrap_or_else(|| text::NO_VALUE.to_owned()),
    };
    // A provider's kind has fields of its own.
    let kind = detail
        .get("kind")
        .and_then(|kind| ProviderKind::deserialize(kind).ok());
    let forms = [form, kind.map(providers::registry::form)];
    let label = |key: &str| {
        let mut forms = forms.into_iter().flatten();
        forms
            .find_map(|form| form.field(key))
            .map(|field| field.label)
    };
    let mut lines: Vec<String> = keys
        .into_iter()
        .filter(|key| from.get(*key) != to.get(*key))
        .map(|key| {
            let label = label(key).unwrap_or(key);
            text::change(label, &shown(from.get(key)), &shown(to.get(key)))
        })
        .collect();
    // It is too long for a line, and the entry does not hold it.
    if detail.get("script_changed") == Some(&Value::Bool(true)) {
        lines.extend(label("startup_script").map(text::changed));
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_edit_is_told_field_by_field() {
        let detail = json!({
            "from": { "name": "Desks", "minimum_available_sessions": 1, "sso_domain": "a" },
            "to": { "name": "Desks", "minimum_available_sessions": 2, "dry_run": true },
        });
        assert_eq!(
            changes(form_of("autoscale_config.replace"), &detail),
            [
                "Dry Run: none → on",
                "Minimum Available Sessions: 1 → 2",
                "SSO Domain: a → none"
            ]
        );
        assert_eq!(name_in(&detail).as_deref(), Some("Desks"));
        assert_eq!(changes(None, &json!({ "name": "Desks" })), [""; 0]);
        let detail = json!({
            "kind": "fake", "script_changed": true,
            "from": { "max_instances": 2, "boot_millis": 0 }, "to": { "max_instances": 4, "boot_millis": 7 },
        });
        assert_eq!(
            changes(form_of("provider.replace"), &detail),
            [
                "Boot time: 0 → 7",
                "Max Instances: 2 → 4",
                "Startup Script: changed"
            ]
        );
    }

    #[test]
    fn what_was_deleted_has_no_page() {
        assert_eq!(page_of("zone.delete", "zone_1", false), None);
        assert_eq!(page_of("server.delete", "srv_1", false), None);
        assert_eq!(
            page_of("server.delete", "srv_1", true).as_deref(),
            Some("/admin/servers/srv_1")
        );
        assert_eq!(
            page_of("zone.create", "zone_1", false).as_deref(),
            Some("/admin/zones/zone_1/edit")
        );
    }
}
