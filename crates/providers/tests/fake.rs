//! The fake cloud: the contract, each fault, and its events on a clock that is moved by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use domain::checkin::{CheckinStatus, Progress};
use domain::clock::{Clock, Entropy};
use domain::connection::Address;
use domain::form::SecretKeys;
use domain::id::{DeploymentId, PoolId, ProviderId, ServerId};
use domain::provider::ProviderKind;
use domain::secret::Secret;
use domain::server::MachineId;
use domain::snapshot::MachineState;
use domain::timestamp::Timestamp;
use providers::contract::{self, Bench, ContractFault};
use providers::fake::{FakeCloud, FakeConfig, FakeEvent, FakeProvider, Fault, FaultPlan};
use providers::local::LocalProvider;
use providers::registry::{Context, Providers, Registry, Saved, Secrets, Settings, form};
use providers::{CreateRequest, Machine, Provider, ProviderError};
use uuid::Uuid;

const CONFIG: FakeConfig = FakeConfig {
    boot_millis: 1000,
    script_millis: 400,
    ..FakeConfig::INSTANT
};

const SCRIPT: &str = "curl https://weir/api/set_server_status?token=eyJh.eyJp.sig";

#[derive(Default)]
struct HandClock(AtomicI64);

impl HandClock {
    fn pass(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

struct Rig {
    clock: Arc<HandClock>,
    cloud: Arc<FakeCloud>,
    provider: FakeProvider,
    servers: AtomicU64,
}

impl Rig {
    fn new(config: FakeConfig) -> Self {
        let clock = Arc::new(HandClock::default());
        let cloud = Arc::new(FakeCloud::new(clock.clone()));
        Self {
            provider: FakeProvider::new(Arc::clone(&cloud), config),
            clock,
            cloud,
            servers: AtomicU64::new(0),
        }
    }

    fn request(&self) -> CreateRequest {
        contract::request(self.new_server(), deployment(), SCRIPT)
    }

    async fn create(&self) -> Machine {
        self.provider.create(&self.request()).await.expect("create")
    }

    async fn list(&self) -> Vec<Machine> {
        self.provider
            .list(deployment())
            .await
            .expect("list")
            .machines
    }

    fn due(&self) -> Vec<FakeEvent> {
        self.cloud.due(self.clock.now())
    }
}

impl Bench for Rig {
    fn provider(&self) -> &dyn Provider {
        &self.provider
    }

    fn new_server(&self) -> ServerId {
        let number = self.servers.fetch_add(1, Ordering::SeqCst);
        ServerId::from_uuid(Uuid::from_u64_pair(0x0198_0000_0000_7000, number + 1))
    }

    fn script_on(&self, machine: &MachineId) -> Vec<u8> {
        let machines = self.cloud.machines();
        let machine = machines
            .iter()
            .find(|known| known.id == *machine)
            .expect("known");
        machine.request.script.expose().into()
    }

    fn answers(&self, address: &Address) -> bool {
        self.cloud.probe(address)
    }

    fn pass_time(&self) {
        self.clock.pass(100);
    }

    fn arm(&self, fault: ContractFault) {
        let fault = match fault {
            ContractFault::AnswerLost => Fault::AnswerLost,
            ContractFault::CapacityAtCall | ContractFault::CapacityInOperation => Fault::Capacity,
            ContractFault::CapacityLater => Fault::Dies { after_millis: 0 },
            ContractFault::Quota => Fault::Quota,
            ContractFault::Throttled => Fault::Throttled {
                retry_after_secs: Some(contract::RETRY_AFTER_SECS),
            },
            ContractFault::Auth => Fault::Auth,
            ContractFault::ListBreaks => Fault::ListIncomplete,
        };
        self.cloud.arm(fault, 1);
    }

    fn never(&self) -> &[ContractFault] {
        // Its creates are done when they are answered.
        &[ContractFault::CapacityInOperation]
    }
}

fn deployment() -> DeploymentId {
    DeploymentId::from_uuid(Uuid::from_u128(9))
}

#[tokio::test]
async fn the_contract_holds() {
    contract::all(&Rig::new(CONFIG)).await;
    contract::all(&Rig::new(FakeConfig::INSTANT)).await;
    contract::all(&Rig::new(FakeConfig {
        list_lag_millis: 3000,
        repeatable_create: false,
        ..CONFIG
    }))
    .await;
    let rig = Rig::new(CONFIG);
    rig.cloud.arm(Fault::SlowBoot { millis: 5000 }, 1);
    rig.cloud.arm(Fault::SlowDelete { millis: 5000 }, 1);
    contract::life(&rig).await;
}

#[tokio::test]
async fn a_machine_boots_and_checks_in_at_its_times() {
    let rig = Rig::new(CONFIG);
    let machine = rig.create().await;
    assert_eq!(
        (machine.state, machine.address),
        (MachineState::Pending, None)
    );
    assert_eq!(rig.cloud.next_due(), Some(Timestamp::from_millis(1100)));
    rig.clock.pass(999);
    assert_eq!(rig.list().await[0].state, MachineState::Pending);
    rig.clock.pass(1);
    let up = rig.list().await.remove(0);
    assert_eq!(up.state, MachineState::Up);
    assert_eq!(
        up.address,
        Some(Address {
            host: "10.0.0.1".to_owned(),
            port: 22
        })
    );
    assert!(rig.due().is_empty());

    rig.clock.pass(1000);
    let seen: Vec<_> = rig
        .due()
        .into_iter()
        .map(
            |FakeEvent::CheckIn {
                 at,
                 server,
                 token,
                 report,
             }| {
                assert_eq!(Some(server), machine.server);
                assert_eq!(token, Secret::new("eyJh.eyJp.sig"));
                let percent = report.status_progress.map(Progress::percent);
                (at.millis(), report.status, percent)
            },
        )
        .collect();
    assert_eq!(
        seen,
        [
            (1100, CheckinStatus::Progress, Some(25)),
            (1200, CheckinStatus::Progress, Some(50)),
            (1300, CheckinStatus::Progress, Some(75)),
            (1400, CheckinStatus::Running, Some(100)),
        ]
    );
    assert!(rig.due().is_empty(), "each event is given once");
    assert_eq!(rig.cloud.next_due(), None);
}

#[tokio::test]
async fn refusals_make_nothing_and_end() {
    let rig = Rig::new(CONFIG);
    let request = rig.request();
    for (fault, is_expected) in [
        (
            Fault::Capacity,
            (|e| matches!(e, ProviderError::Capacity(_))) as fn(&ProviderError) -> bool,
        ),
        (Fault::Quota, |e| matches!(e, ProviderError::Quota(_))),
        (Fault::Auth, |e| matches!(e, ProviderError::Auth(_))),
        (Fault::CreateLost, |e| {
            matches!(e, ProviderError::Unknown(_))
        }),
        (
            Fault::Throttled {
                retry_after_secs: Some(7),
            },
            |e| {
                *e == ProviderError::Throttled {
                    retry_after_secs: Some(7),
                }
            },
        ),
    ] {
        rig.cloud.arm(fault, 2);
        for _ in 0..2 {
            let error = rig.provider.create(&request).await.expect_err("refused");
            assert!(is_expected(&error), "{fault:?} gave {error:?}");
        }
        assert!(rig.cloud.alive().is_empty(), "{fault:?}");
    }
    rig.provider
        .create(&request)
        .await
        .expect("all faults are used up");
    assert_eq!(rig.cloud.calls().create, 11);
}

#[tokio::test]
async fn a_lost_answer_leaves_one_machine_or_two_by_the_kind_of_cloud() {
    for (repeatable_create, machines) in [(true, 1), (false, 2)] {
        let rig = Rig::new(FakeConfig {
            repeatable_create,
            ..CONFIG
        });
        let request = rig.request();
        rig.cloud.arm(Fault::AnswerLost, 1);
        let error = rig.provider.create(&request).await.expect_err("lost");
        assert!(matches!(error, ProviderError::Unknown(_)));
        assert_eq!(rig.list().await.len(), 1, "it was made all the same");
        rig.provider.create(&request).await.expect("repeated");
        assert_eq!(rig.list().await.len(), machines);
        let doubles = if repeatable_create {
            vec![]
        } else {
            vec![request.tags.server]
        };
        assert_eq!(rig.cloud.doubles(), doubles);
    }
}

#[tokio::test]
async fn a_repeated_create_must_be_the_same() {
    let rig = Rig::new(CONFIG);
    let request = rig.request();
    let machine = rig.provider.create(&request).await.expect("create");
    let rendered_again = CreateRequest {
        script: Secret::new("other"),
        ..request.clone()
    };
    let error = rig
        .provider
        .create(&rendered_again)
        .await
        .expect_err("refused");
    assert!(matches!(error, ProviderError::Conflict(_)), "{error:?}");
    assert_eq!(rig.cloud.mismatches(), 1);
    rig.provider.delete(&machine.id).await.expect("delete");
    let error = rig
        .provider
        .create(&request)
        .await
        .expect_err("its token is used up");
    assert!(matches!(error, ProviderError::NotFound(_)), "{error:?}");
    assert!(rig.cloud.alive().is_empty());
}

#[tokio::test]
async fn lists_can_be_late_incomplete_and_wrong() {
    let rig = Rig::new(FakeConfig {
        list_lag_millis: 500,
        ..CONFIG
    });
    rig.cloud.arm(Fault::ListedLate { millis: 1000 }, 1);
    rig.create().await;
    rig.create().await;
    rig.clock.pass(500);
    assert_eq!(rig.list().await.len(), 1);
    rig.clock.pass(1000);
    assert_eq!(rig.list().await.len(), 2);

    rig.cloud.arm(Fault::ListIncomplete, 1);
    rig.cloud.arm(Fault::ShortList, 1);
    let error = rig
        .provider
        .list(deployment())
        .await
        .expect_err("incomplete");
    assert!(matches!(error, ProviderError::Unavailable(_)));
    assert_eq!(rig.list().await.len(), 1, "a list that lies");
    assert_eq!(rig.list().await.len(), 2);
    assert_eq!(rig.cloud.alive().len(), 2);
}

#[tokio::test]
async fn the_script_of_one_machine_of_one_pool_fails_on_demand() {
    let rig = Rig::new(FakeConfig::INSTANT);
    let pool = PoolId::from_uuid(Uuid::from_u128(7));
    rig.provider.break_next(pool).await.expect("asked");
    assert!(rig.provider.breaks_next(pool).await);
    rig.create().await;
    for _ in 0..2 {
        let mut request = rig.request();
        request.tags.pool = pool;
        rig.provider.create(&request).await.expect("create");
    }
    assert!(!rig.provider.breaks_next(pool).await);
    let said: Vec<_> = rig
        .due()
        .into_iter()
        .map(|FakeEvent::CheckIn { report, .. }| report.status)
        .collect();
    assert_eq!(
        said,
        [
            CheckinStatus::Running,
            CheckinStatus::Failed,
            CheckinStatus::Running
        ]
    );
}

#[tokio::test]
async fn machines_fail_in_their_own_ways() {
    let rig = Rig::new(CONFIG);
    for fault in [
        Fault::NeverBoots,
        Fault::NeverChecksIn,
        Fault::ScriptFails,
        Fault::Dies { after_millis: 250 },
    ] {
        rig.cloud.arm(fault, 1);
        rig.create().await;
    }
    rig.clock.pass(10_000);
    let mut last = [None; 4];
    for FakeEvent::CheckIn { server, report, .. } in rig.due() {
        let number = usize::try_from(server.uuid().as_u64_pair().1).expect("small");
        last[number - 1] = Some((report.status, report.status_progress.map(Progress::percent)));
    }
    assert_eq!(
        last,
        [
            None,
            None,
            Some((CheckinStatus::Failed, Some(100))),
            // It dies between its second and third report.
            Some((CheckinStatus::Progress, Some(50))),
        ]
    );
    let states: Vec<_> = rig
        .list()
        .await
        .into_iter()
        .map(|machine| machine.state)
        .collect();
    assert_eq!(
        states,
        [
            MachineState::Pending,
            MachineState::Up,
            MachineState::Up,
            MachineState::Broken
        ]
    );
}

#[tokio::test]
async fn a_deleted_machine_says_nothing_any_more_and_may_go_slowly() {
    let rig = Rig::new(CONFIG);
    let machine = rig.create().await;
    rig.clock.pass(1000);
    rig.cloud.arm(Fault::SlowDelete { millis: 60_000 }, 1);
    rig.cloud.arm(Fault::DeleteLost, 1);
    rig.provider.delete(&machine.id).await.expect("accepted");
    assert!(
        rig.provider.delete(&machine.id).await.is_err(),
        "the second answer is lost"
    );
    assert_eq!(rig.cloud.next_due(), None);
    rig.clock.pass(59_999);
    assert!(rig.due().is_empty());
    assert_eq!(rig.list().await[0].state, MachineState::Broken);
    assert!(!rig.cloud.probe(&Address {
        host: "10.0.0.1".to_owned(),
        port: 22
    }));
    rig.clock.pass(1);
    assert!(rig.list().await.is_empty());
    assert!(rig.cloud.alive().is_empty());
    assert_eq!(rig.cloud.machines().len(), 1, "history stays");
}

#[tokio::test]
async fn machines_die_and_vanish_by_other_hands() {
    let rig = Rig::new(FakeConfig::INSTANT);
    let (killed, vanished) = (rig.create().await, rig.create().await);
    assert_eq!(rig.due().len(), 2, "a script without duration reports once");
    rig.cloud.kill(&killed.id);
    rig.cloud.vanish(&vanished.id);
    let listed = rig.list().await;
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (&listed[0].id, listed[0].state),
        (&killed.id, MachineState::Broken)
    );
}

#[tokio::test]
async fn chance_is_replayed_by_its_entropy() {
    struct Counter(AtomicU64);
    impl Entropy for Counter {
        fn fill(&self, bytes: &mut [u8]) {
            for byte in bytes {
                let step = self
                    .0
                    .fetch_add(1, Ordering::SeqCst)
                    .wrapping_mul(0x9e37_79b9_7f4a_7c15);
                *byte = (step >> 56) as u8;
            }
        }
    }
    let run = async || {
        let rig = Rig::new(CONFIG);
        rig.cloud.set_plan(Some(FaultPlan {
            entropy: Arc::new(Counter(AtomicU64::new(1))),
            rates: vec![(Fault::Capacity, 300), (Fault::AnswerLost, 300)],
        }));
        let mut answers = Vec::new();
        for _ in 0..100 {
            answers.push(rig.provider.create(&rig.request()).await);
        }
        answers
    };
    let answers = run().await;
    assert_eq!(answers, run().await);
    let refused = answers
        .iter()
        .filter(|answer| matches!(answer, Err(ProviderError::Capacity(_))));
    let lost = answers
        .iter()
        .filter(|answer| matches!(answer, Err(ProviderError::Unknown(_))));
    let (refused, lost) = (refused.count(), lost.count());
    assert!((10..60).contains(&refused), "{refused}");
    assert!((5..50).contains(&lost), "{lost}");
}

#[tokio::test]
async fn the_registry_gives_each_config_its_own_cloud_and_keeps_it() {
    let data = tempfile::tempdir().expect("a folder");
    let context = Context {
        data: data.path().to_owned(),
        deployment: deployment(),
        clock: Arc::new(HandClock::default()),
        allow_local: false,
        search_path: LocalProvider::SEARCH_PATH.to_owned(),
    };
    let registry = Registry::new(context.clone());
    let (a, b) = (1, 2);
    let id = |number| ProviderId::from_uuid(Uuid::from_u128(number));
    let settings = Settings::Fake(FakeConfig::INSTANT).draft().into();
    let none = Secrets::new();
    let saved = |number, version, kind, settings| Saved {
        id: id(number),
        version,
        kind,
        settings,
    };
    let open = |number| {
        registry
            .open(saved(number, 1, ProviderKind::Fake, &settings), &none)
            .expect("open")
    };
    assert!(registry.opened(id(a), 1).is_none(), "nothing is open yet");
    assert!(
        Arc::ptr_eq(&open(a), &open(a)),
        "the same settings, the same provider"
    );
    let known = registry.opened(id(a), 1).expect("it is open");
    assert!(Arc::ptr_eq(&known, &open(a)));
    assert!(
        registry.opened(id(a), 2).is_none(),
        "a later version may have other secrets"
    );
    let request = contract::request(ServerId::from_uuid(Uuid::from_u128(5)), deployment(), "");
    open(a).create(&request).await.expect("create");
    assert!(
        open(b)
            .list(deployment())
            .await
            .expect("list")
            .machines
            .is_empty()
    );

    let slower = Settings::Fake(CONFIG).draft().into();
    let edited = registry
        .open(saved(a, 2, ProviderKind::Fake, &slower), &none)
        .expect("open");
    assert_eq!(
        edited
            .list(deployment())
            .await
            .expect("list")
            .machines
            .len(),
        1
    );
    assert_eq!(registry.cloud(id(a)).alive().len(), 1);
    assert_eq!(registry.clouds().len(), 2);

    let empty = serde_json::Map::new();
    let refusal = |registry: &Registry, kind, settings| {
        let Err(ProviderError::Invalid { field, .. }) =
            registry.open(saved(3, 1, kind, settings), &none)
        else {
            panic!("{kind:?} must be refused");
        };
        field
    };
    assert_eq!(refusal(&registry, ProviderKind::Local, &empty), "kind");
    let wrong = serde_json::from_str(r#"{"boot_millis": -1}"#).expect("an object");
    assert_eq!(
        refusal(&registry, ProviderKind::Fake, &wrong),
        "boot_millis"
    );
    let allowing = Registry::new(Context {
        allow_local: true,
        ..context
    });
    let local = allowing
        .open(saved(4, 1, ProviderKind::Local, &empty), &none)
        .expect("open");
    assert!(
        local
            .list(deployment())
            .await
            .expect("list")
            .machines
            .is_empty()
    );
}

#[test]
fn every_kind_has_a_form_that_its_settings_read() {
    for kind in ProviderKind::ALL {
        // What no kind could guess is entered; all else is its default.
        let (given, secrets) = match kind {
            ProviderKind::Aws => (
                domain::form::Draft::new()
                    .with("access_key_id", "AKIAEXAMPLE")
                    .with("region", "eu-central-1")
                    .with("image_id", "ami-1")
                    .with("instance_types", vec!["t3.large".to_owned()]),
                ["secret_access_key"].into_iter().collect(),
            ),
            ProviderKind::Lxd => (
                domain::form::Draft::new().with("image", "weir"),
                SecretKeys::none(),
            ),
            ProviderKind::Local | ProviderKind::Fake => {
                (domain::form::Draft::new(), SecretKeys::none())
            }
        };
        let settings = Settings::parse(kind, &given, &secrets).expect("defaults are right");
        let draft = settings.draft();
        assert_eq!(Settings::parse(kind, &draft, &secrets), Ok(settings));
        let form = form(kind);
        assert_eq!(form.key, kind.as_str());
        let shown = form
            .fields
            .iter()
            .filter(|field| form.is_shown(field, &draft) && !field.kind.is_secret());
        assert_eq!(draft.keys().count(), shown.count());
    }
}
