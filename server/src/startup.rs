//! How the process comes up: data folder, key, database, providers, use cases.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use control::checkin_token::CheckinTokens;
use control::{ControlPlane, Parts, Settings};
use domain::actor::Actor;
use domain::clock::{Clock as _, random_text};
use domain::id::{DeploymentId, GenerationId};
use providers::local::LocalProvider;
use providers::registry::{Context, Registry};
use store::{DatabaseUrl, MasterKey, Store};

use crate::clock::{OsEntropy, SystemClock};
use crate::rest::error::chain;
use crate::settings::Place;

/// What every command works with.
pub struct Weir {
    /// The use cases.
    pub plane: ControlPlane,
    /// The providers of this process.
    pub registry: Arc<Registry>,
    /// The database, to be closed at the end.
    pub store: Store,
    /// Makes what is kept of requests with an idempotency key useless without the key file.
    pub fingerprint_key: [u8; 32],
    /// Different for each start.
    pub run: String,
}

/// Makes the data folder, readable by this account alone.
///
/// # Errors
/// It cannot be made.
pub fn make_folder(data: &Path) -> Result<(), String> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data)
        .map_err(|error| format!("cannot make the data folder {}: {error}", data.display()))
}

/// Proof that no other process serves from the same data folder. It goes with the process, however that ends.
pub struct OnlyOne {
    _file: File,
}

/// Makes this process the only one that serves from the data folder. `None` with Postgres, where many may serve and
/// the lease of the loop decides among them.
///
/// # Errors
/// Another process serves from it, and still does after two seconds; or the lock cannot be had.
pub async fn only_one(place: &Place) -> Result<Option<OnlyOne>, String> {
    use std::os::unix::fs::OpenOptionsExt as _;
    if !matches!(place.database()?, DatabaseUrl::SqliteFile(_)) {
        return Ok(None);
    }
    let path = place.data.join("serving.lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(|error| format!("cannot open {}: {error}", path.display()))?;
    for attempt in 0..=TRIES {
        if attempt > 0 {
            pause().await;
        }
        match file.try_lock() {
            Ok(()) => return Ok(Some(OnlyOne { _file: file })),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => {
                return Err(format!("cannot lock {}: {error}", path.display()));
            }
        }
    }
    Err(format!(
        "another weir serves from {}; end it first, or give this one a folder of its own by --data",
        place.data.display()
    ))
}

/// How often a lock is tried again, for two seconds in all. A process that was killed while it started another program leaves
/// its lock to that one for a moment, until it has become the program.
const TRIES: u32 = 20;
/// Between two tries.
const BETWEEN_TRIES: Duration = Duration::from_millis(100);

#[expect(
    clippy::disallowed_methods,
    reason = "nothing runs yet that could be held up"
)]
async fn pause() {
    tokio::time::sleep(BETWEEN_TRIES).await;
}

/// Opens the database, making it where it is new, and builds the use cases.
///
/// # Errors
/// What is wrong and what to do.
pub async fn open(place: &Place, settings: Settings) -> Result<Weir, String> {
    make_folder(&place.data)?;
    let url = place.database()?;
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(OsEntropy));
    let is_new = Store::is_new(&url).await.map_err(|error| chain(&error))?;
    let key = MasterKey::load_or_create(&place.key_path(), &*entropy, is_new)
        .map_err(|error| chain(&error))?;
    let fresh = DeploymentId::new(&*clock, &*entropy);
    let generation = GenerationId::new(&*clock, &*entropy);
    let store = Store::open(&url, &key, fresh, generation, clock.now(), entropy.clone())
        .await
        .map_err(|error| chain(&error))?;
    let deployment = store.deployment().await.map_err(|error| chain(&error))?.id;
    // Local servers and their folders are found again by an absolute path.
    let data = std::path::absolute(&place.data).map_err(|error| {
        format!(
            "cannot find the data folder {}: {error}",
            place.data.display()
        )
    })?;
    let registry = Arc::new(Registry::new(Context {
        data,
        deployment,
        clock: clock.clone(),
        allow_local: settings.allow_local_provider,
        search_path: LocalProvider::SEARCH_PATH.to_owned(),
    }));
    let run = random_text(&*entropy, 8);
    let use_cases = ControlPlane::new(Parts {
        store: store.clone(),
        deployment,
        clock,
        entropy,
        providers: registry.clone(),
        tokens: CheckinTokens::new(&key.derive(b"weir checkin tokens v1"), deployment),
        settings,
        holder: format!("weir-{run}"),
    });
    let noticed = control::deployment::look(&use_cases).await;
    noticed.map_err(|error| chain(&error))?;
    let known = control::deployment::get(&use_cases, &Actor::System).await;
    if let Some(noticed) = known.map_err(|error| chain(&error))?.observing {
        tracing::warn!(
            "{} Weir only observes until an admin adopts this database or forks it.",
            noticed.why
        );
    }
    Ok(Weir {
        plane: use_cases,
        registry,
        store,
        fingerprint_key: key.derive(b"weir request fingerprints v1"),
        run,
    })
}

/// A text of `len` random letters and digits, for passwords that Weir chooses.
pub fn random_password() -> String {
    random_text(&OsEntropy, 20)
}
