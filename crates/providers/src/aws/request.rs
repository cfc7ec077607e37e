//! The create call of one server: spec, tags, token and script in one form.

use base64::Engine as _;
use domain::id::ServerId;
use serde_json::{Value, json};

use super::api::Form;
use super::shape;
use super::spec::{MachineOption, RootDevice, Spec};
use crate::CreateRequest;

/// The tag that says whose an instance is.
pub(super) const DEPLOYMENT: &str = "weir:deployment";
/// The tag with the generation of that deployment.
pub(super) const GENERATION: &str = "weir:generation";
/// The tag with the server's id.
pub(super) const SERVER: &str = "weir:server";
/// The tag with the port people connect to, which a list has to tell.
pub(super) const PORT: &str = "weir:port";

/// The most bytes of user data that EC2 takes.
pub(super) const SCRIPT_BYTES: u32 = 16 * 1024;

/// The client token of an option: the same call has the same token, another option another one.
pub(super) fn token(server: ServerId, option: usize) -> String {
    format!("{}-{option}", server.bare())
}

/// The whole call for the option with this number.
pub(super) fn create(
    request: &CreateRequest,
    spec: &Spec,
    option: usize,
    root: &RootDevice,
) -> Form {
    let mut call = spec.request_for(&spec.options[option], root);
    call.insert(
        "ClientToken".to_owned(),
        json!(token(request.tags.server, option)),
    );
    let script = request.script.expose();
    if !script.is_empty() {
        let text = base64::engine::general_purpose::STANDARD.encode(script);
        call.insert("UserData".to_owned(), json!(text));
    }
    call.insert("TagSpecifications".to_owned(), tags(request, spec));
    shape::form_of(&call)
}

/// A call that makes nothing and says whether this option could be made.
pub(super) fn trial(spec: &Spec, option: &MachineOption, root: &RootDevice) -> Form {
    let mut call = spec.request_for(option, root);
    let tags = json!([{"Key": DEPLOYMENT, "Value": "test"}]);
    let kinds = ["instance", "volume"].map(|kind| json!({"ResourceType": kind, "Tags": tags}));
    call.insert("TagSpecifications".to_owned(), json!(kinds));
    let mut form = shape::form_of(&call);
    form.push(("DryRun".to_owned(), "true".to_owned()));
    form
}

/// The tags of instance and disk, in the create call itself: there is no moment at which one is nobody's.
fn tags(request: &CreateRequest, spec: &Spec) -> Value {
    let ours = [
        ("Name", request.name.clone()),
        (DEPLOYMENT, request.tags.deployment.bare()),
        ("weir:pool", request.tags.pool.bare()),
        ("weir:config", request.tags.config.bare()),
        (SERVER, request.tags.server.bare()),
        (PORT, request.connection_port.to_string()),
    ];
    let generation = request.tags.generation;
    let generation = generation.map(|generation| (GENERATION, generation.bare()));
    let own = spec
        .tags
        .iter()
        .map(|(name, value)| (name.as_str(), value.clone()));
    let tags: Vec<Value> = ours
        .into_iter()
        .chain(generation)
        .chain(own)
        .map(|(key, value)| json!({"Key": key, "Value": value}))
        .collect();
    json!(["instance", "volume"].map(|kind| json!({"ResourceType": kind, "Tags": tags})))
}
