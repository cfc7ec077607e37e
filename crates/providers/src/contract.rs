//! What every provider has to do: one life of a machine, and each way in which a call can go wrong. Each kind's tests run all of
//! it ([`all`]); what a kind cannot show, its bench says.

use std::collections::BTreeSet;

use domain::connection::Address;
use domain::id::{ConfigId, DeploymentId, GenerationId, PoolId, ServerId};
use domain::secret::Secret;
use domain::server::MachineId;
use domain::snapshot::MachineState;

use crate::{CreateRequest, Listing, Machine, Provider, ProviderError, Tags};

/// A public key that opens nothing here: whose private half it is, nobody knows.
const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA person";

/// How long the cloud asks to be left alone where a test lets it ask.
pub const RETRY_AFTER_SECS: u32 = 7;

/// Something that goes wrong once, at the next call that it fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContractFault {
    /// A create makes its machine, and the answer is lost.
    AnswerLost,
    /// A create is refused: no capacity.
    CapacityAtCall,
    /// A create is accepted, and the operation that it begins fails: no capacity.
    CapacityInOperation,
    /// A create makes a machine, which comes to nothing later: no capacity.
    CapacityLater,
    /// A create is refused: the account may not have more.
    Quota,
    /// A create is refused for [`RETRY_AFTER_SECS`]: too many calls.
    Throttled,
    /// A create is refused: the credentials.
    Auth,
    /// A list breaks off half-way, and says so: a page is missing.
    ListBreaks,
}

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

    /// Has this go wrong once.
    fn arm(&self, fault: ContractFault);

    /// What cannot go wrong with this kind of provider, or cannot be made to.
    fn never(&self) -> &[ContractFault] {
        &[]
    }

    /// How many machines a long list has.
    fn many(&self) -> usize {
        250
    }
}

/// A create call for a new server of `deployment`.
pub fn request(server: ServerId, deployment: DeploymentId, script: &str) -> CreateRequest {
    CreateRequest {
        name: format!("weir-{}", &server.bare()[24..]),
        tags: Tags {
            deployment,
            generation: Some(GenerationId::from_uuid(deployment.uuid())),
            pool: PoolId::from_uuid(server.uuid()),
            config: ConfigId::from_uuid(server.uuid()),
            server,
        },
        script: Secret::new(script),
        connection_port: 22,
        spec: serde_json::Value::Null,
    }
}

/// The whole contract.
///
/// # Panics
/// The provider breaks it.
pub async fn all(bench: &dyn Bench) {
    life(bench).await;
    other_parameters(bench).await;
    for fault in [
        ContractFault::CapacityAtCall,
        ContractFault::CapacityInOperation,
        ContractFault::Quota,
        ContractFault::Throttled,
        ContractFault::Auth,
    ] {
        if shows(bench, fault) {
            refusal(bench, fault).await;
        }
    }
    if shows(bench, ContractFault::AnswerLost) {
        lost_answer(bench).await;
    }
    if shows(bench, ContractFault::CapacityLater) {
        capacity_later(bench).await;
    }
    // Late: doubles of a cloud often get slower with all that they have ever made.
    long_list(bench).await;
    if shows(bench, ContractFault::ListBreaks) {
        list_breaks(bench).await;
    }
}

fn shows(bench: &dyn Bench, fault: ContractFault) -> bool {
    !bench.never().contains(&fault)
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
    let request = intent(bench, server, deployment, script);

    assert!(
        list(bench, deployment).await.machines.is_empty(),
        "a new deployment is empty"
    );
    let made = provider.create(&request).await.expect("create");
    assert_eq!(made.server, Some(server), "the answer names the server");
    let generation = request.tags.generation;
    assert_eq!(made.generation, generation, "and the generation");

    let seen = until_up(bench, deployment, &made.id).await;
    assert_eq!(seen.server, Some(server), "the tag is in the list");
    assert_eq!(seen.generation, generation, "that of the generation too");
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
    until(bench, deployment, "it is gone", |machines| {
        machines.iter().all(|machine| machine.id != made.id)
    })
    .await;
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

/// The intent of a server has one machine, whatever else is asked for in its name.
///
/// # Panics
/// There is a second machine, or the first one's script has changed.
pub async fn other_parameters(bench: &dyn Bench) {
    let (server, deployment) = new_pair(bench);
    let provider = bench.provider();
    let first = intent(bench, server, deployment, "first");
    let made = provider.create(&first).await.expect("create");
    if provider.facts().repeatable_create {
        let other = intent(bench, server, deployment, "other");
        match provider.create(&other).await {
            Err(ProviderError::Conflict(_)) => {}
            Ok(again) => assert_eq!(again.id, made.id, "no second machine"),
            other => panic!("another call with the same name: {other:?}"),
        }
        assert_eq!(bench.script_on(&made.id), b"first");
    }
    assert_eq!(until_listed(bench, deployment, 1).await[0].id, made.id);
    end(bench, deployment).await;
}

/// A long list is whole, however many pages it has.
///
/// # Panics
/// A machine is missing or shown twice.
pub async fn long_list(bench: &dyn Bench) {
    let deployment = DeploymentId::from_uuid(bench.new_server().uuid());
    let mut made = BTreeSet::new();
    for _ in 0..bench.many() {
        let request = intent(bench, bench.new_server(), deployment, "true");
        let machine = bench.provider().create(&request).await.expect("create");
        assert!(made.insert(machine.id), "each has an id of its own");
    }
    let listed = until_listed(bench, deployment, bench.many()).await;
    let ids: BTreeSet<_> = listed.into_iter().map(|machine| machine.id).collect();
    assert_eq!(ids, made);
    end(bench, deployment).await;
}

/// A create that is refused makes nothing, says why, and works when it is made again.
///
/// # Panics
/// The error is of another kind, or a machine is there.
pub async fn refusal(bench: &dyn Bench, fault: ContractFault) {
    let (server, deployment) = new_pair(bench);
    let request = intent(bench, server, deployment, "true");
    bench.arm(fault);
    let error = bench
        .provider()
        .create(&request)
        .await
        .expect_err("it is refused");
    match fault {
        ContractFault::CapacityAtCall | ContractFault::CapacityInOperation => {
            assert!(matches!(error, ProviderError::Capacity(_)), "{error:?}");
        }
        ContractFault::Quota => assert!(matches!(error, ProviderError::Quota(_)), "{error:?}"),
        ContractFault::Throttled => assert_eq!(
            error,
            ProviderError::Throttled {
                retry_after_secs: Some(RETRY_AFTER_SECS)
            }
        ),
        ContractFault::Auth => assert!(matches!(error, ProviderError::Auth(_)), "{error:?}"),
        other => panic!("{other:?} is no refusal"),
    }
    for _ in 0..10 {
        let machines = list(bench, deployment).await.machines;
        assert!(machines.is_empty(), "{fault:?} is definite: {machines:?}");
        bench.pass_time();
    }
    bench
        .provider()
        .create(&request)
        .await
        .expect("the fault is over");
    until_listed(bench, deployment, 1).await;
    end(bench, deployment).await;
}

/// A lost answer is an unknown outcome: lists show the one machine, and a repeat finds it.
///
/// # Panics
/// The error claims to know, or there are two machines.
pub async fn lost_answer(bench: &dyn Bench) {
    let (server, deployment) = new_pair(bench);
    let request = intent(bench, server, deployment, "true");
    bench.arm(ContractFault::AnswerLost);
    let error = bench
        .provider()
        .create(&request)
        .await
        .expect_err("the answer is lost");
    assert!(matches!(error, ProviderError::Unknown(_)), "{error:?}");
    if bench.provider().facts().repeatable_create {
        let again = bench.provider().create(&request).await.expect("a repeat");
        let listed = until_listed(bench, deployment, 1).await;
        assert_eq!(listed[0].id, again.id, "the repeat has found it");
    }
    let listed = until_listed(bench, deployment, 1).await;
    assert_eq!(listed[0].server, Some(server));
    end(bench, deployment).await;
}

/// A machine that comes to nothing is shown as broken or not at all, and can be deleted.
///
/// # Panics
/// It is shown as up for ever.
pub async fn capacity_later(bench: &dyn Bench) {
    let (server, deployment) = new_pair(bench);
    let request = intent(bench, server, deployment, "true");
    bench.arm(ContractFault::CapacityLater);
    let made = bench
        .provider()
        .create(&request)
        .await
        .expect("it begins well");
    until(bench, deployment, "it comes to nothing", |machines| {
        machines
            .iter()
            .all(|machine| machine.state == MachineState::Broken)
    })
    .await;
    bench.provider().delete(&made.id).await.expect("delete");
    end(bench, deployment).await;
}

/// A list that breaks off is an error and never a part.
///
/// # Panics
/// A part is given for the whole.
pub async fn list_breaks(bench: &dyn Bench) {
    const MACHINES: usize = 6;
    let deployment = DeploymentId::from_uuid(bench.new_server().uuid());
    for _ in 0..MACHINES {
        let request = intent(bench, bench.new_server(), deployment, "true");
        bench.provider().create(&request).await.expect("create");
    }
    until_listed(bench, deployment, MACHINES).await;
    bench.arm(ContractFault::ListBreaks);
    let listed = bench.provider().list(deployment).await;
    assert!(
        listed.is_err(),
        "a part was given for the whole: {listed:?}"
    );
    until_listed(bench, deployment, MACHINES).await;
    end(bench, deployment).await;
}

fn new_pair(bench: &dyn Bench) -> (ServerId, DeploymentId) {
    let server = bench.new_server();
    (server, DeploymentId::from_uuid(bench.new_server().uuid()))
}

/// A create call as the loop makes it: what the provider says of its machines comes along.
fn intent(
    bench: &dyn Bench,
    server: ServerId,
    deployment: DeploymentId,
    script: &str,
) -> CreateRequest {
    CreateRequest {
        spec: bench.provider().machine_spec(),
        ..request(server, deployment, script)
    }
}

/// Deletes all machines of a deployment.
async fn end(bench: &dyn Bench, deployment: DeploymentId) {
    for machine in list(bench, deployment).await.machines {
        bench.provider().delete(&machine.id).await.expect("delete");
    }
    until(bench, deployment, "all are gone", <[Machine]>::is_empty).await;
}

async fn until_listed(bench: &dyn Bench, deployment: DeploymentId, count: usize) -> Vec<Machine> {
    until(bench, deployment, "all are listed", |machines| {
        assert!(
            machines.len() <= count,
            "there are more than {count}: {machines:?}"
        );
        machines.len() == count
    })
    .await
}

/// Lists until it is so.
async fn until(
    bench: &dyn Bench,
    deployment: DeploymentId,
    what: &str,
    is_so: impl Fn(&[Machine]) -> bool,
) -> Vec<Machine> {
    for _ in 0..1000 {
        let machines = list(bench, deployment).await.machines;
        if is_so(&machines) {
            return machines;
        }
        bench.pass_time();
    }
    panic!("1000 moments have passed, and it is not so that {what}");
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
