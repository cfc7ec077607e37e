//! What every provider has to do, as one life of a machine. Each kind's tests run it.

use domain::connection::Address;
use domain::id::{ConfigId, DeploymentId, PoolId, ServerId};
use domain::secret::Secret;
use domain::server::MachineId;
use domain::snapshot::MachineState;

use crate::{CreateRequest, Listing, Machine, Provider, Tags};

/// A public key that opens nothing here: whose private half it is, nobody knows.
const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA person";

/// What the contract cannot see or do through [`Provider`] alone.
pub trait Bench: Sync {
    /// The provider under test.
    fn provider(&self) -> &dyn Provider;

    /// An id that no earlier life has used.
    fn new_server(&self) -> ServerId;

    /// The start-up script as the machine got it, byte for byte.
    fn script_on(&self, machine: &MachineId) -> Vec<u8>;

    /// Whether something listens at this address.
    fn answers(&self, address: &Address) -> bool;

    /// Lets a moment go by, so that what is under way moves on.
    fn pass_time(&self);
}

/// A create call for a new server of `deployment`.
pub fn request(server: ServerId, deployment: DeploymentId, script: &str) -> CreateRequest {
    CreateRequest {
        name: format!("weir-{}", &server.bare()[24..]),
        tags: Tags {
            deployment,
            pool: PoolId::from_uuid(server.uuid()),
            config: ConfigId::from_uuid(server.uuid()),
            server,
        },
        script: Secret::new(script),
        connection_port: 22,
        spec: serde_json::Value::Null,
    }
}

/// One whole life of a machine, with each call made twice.
///
/// # Panics
/// The provider breaks the contract.
pub async fn life(bench: &dyn Bench) {
    let provider = bench.provider();
    let facts = provider.facts();
    let deployment = DeploymentId::from_uuid(bench.new_server().uuid());
    let elsewhere = DeploymentId::from_uuid(bench.new_server().uuid());
    let server = bench.new_server();
    // Shells, editors and line readers all like to change the end of a text.
    let script =
        "#!/bin/sh\n# \u{e4}\u{20ac} 'quoted' \"twice\" $HOME \\n\ntrue  \r\n\n# no line end";
    let request = request(server, deployment, script);

    assert!(
        list(bench, deployment).await.machines.is_empty(),
        "a new deployment is empty"
    );
    let made = provider.create(&request).await.expect("create");
    assert_eq!(made.server, Some(server), "the answer names the server");

    let seen = until_up(bench, deployment, &made.id).await;
    assert_eq!(seen.server, Some(server), "the tag is in the list");
    let address = seen.address.expect("a machine that is up has an address");
    assert!(bench.answers(&address), "something listens at {address:?}");
    assert_eq!(
        bench.script_on(&made.id),
        script.as_bytes(),
        "the script is unchanged"
    );
    assert!(
        list(bench, elsewhere).await.machines.is_empty(),
        "another deployment does not see it"
    );

    if facts.repeatable_create {
        let again = provider.create(&request).await.expect("repeated create");
        assert_eq!(
            again.id, made.id,
            "a repeated create gives the same machine"
        );
        assert_eq!(
            list(bench, deployment).await.machines.len(),
            1,
            "and makes no second"
        );
    }
    if facts.can_authorize {
        for keys in [&[KEY.to_owned()][..], &[], &[]] {
            provider.authorize(&made.id, keys).await.expect("authorize");
        }
        let nobody = MachineId(bench.new_server().bare());
        let refused = provider.authorize(&nobody, &[KEY.to_owned()]).await;
        assert!(refused.is_err(), "no machine, no keys");
    }

    provider.delete(&made.id).await.expect("delete");
    until_gone(bench, deployment, &made.id).await;
    assert!(
        !bench.answers(&address),
        "nothing listens at {address:?} any more"
    );
    provider.delete(&made.id).await.expect("a second delete");
    provider
        .delete(&MachineId("../no-machine".to_owned()))
        .await
        .expect("a delete of what never was");
    assert!(list(bench, deployment).await.machines.is_empty());
}

async fn list(bench: &dyn Bench, deployment: DeploymentId) -> Listing {
    bench
        .provider()
        .list(deployment)
        .await
        .expect("a complete list")
}

async fn until_up(bench: &dyn Bench, deployment: DeploymentId, id: &MachineId) -> Machine {
    for _ in 0..1000 {
        let machines = list(bench, deployment).await.machines;
        assert!(machines.len() <= 1, "one create, one machine: {machines:?}");
        match machines.into_iter().find(|machine| machine.id == *id) {
            Some(machine) if machine.state == MachineState::Up => return machine,
            Some(machine) => {
                assert_eq!(machine.state, MachineState::Pending, "it comes up");
                assert_eq!(machine.address, None, "no address before it is up");
            }
            None => {}
        }
        bench.pass_time();
    }
    panic!("{id:?} is not up after 1000 moments");
}

async fn until_gone(bench: &dyn Bench, deployment: DeploymentId, id: &MachineId) {
    for _ in 0..1000 {
        let machines = list(bench, deployment).await.machines;
        if machines.iter().all(|machine| machine.id != *id) {
            return;
        }
        bench.pass_time();
    }
    panic!("{id:?} is still there after 1000 moments");
}
