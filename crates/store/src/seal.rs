//! Sealing of secrets at rest, and the key file.
//!
//! Each value is sealed by itself: XChaCha20-Poly1305 with a random 24-byte nonce under a key derived from the master
//! key. Its place (table, column, row, key id) is authenticated with it, so a value that is moved to another place
//! does not open there.

use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use domain::clock::Entropy;
use domain::secret::Secret;
use hkdf::Hkdf;
use sha2::Sha256;

use crate::error::StoreError;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// The key that all secrets of a deployment are sealed under. It is in a file, never in the database.
pub struct MasterKey([u8; KEY_BYTES]);

impl MasterKey {
    /// From 32 random bytes.
    pub const fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// What tells this key from another without telling the key: 64 hexadecimal digits.
    pub fn fingerprint(&self) -> String {
        hex(&self.derive(b"weir key fingerprint v1"))
    }

    /// The beginning of the fingerprint: what sealed values and messages call the key.
    pub fn id(&self) -> String {
        self.fingerprint().chars().take(16).collect()
    }

    /// Reads the key file. Where it is missing, one is made only for a database that is new: a second key for an
    /// existing database would leave its secrets unreadable for good.
    ///
    /// The file holds 32 bytes in base64 and is readable by its owner alone (0600).
    pub fn load_or_create(
        path: &Path,
        entropy: &dyn Entropy,
        database_is_new: bool,
    ) -> Result<Self, KeyFileError> {
        let error = |source| KeyFileError::Io {
            path: path.to_owned(),
            source,
        };
        match std::fs::read_to_string(path) {
            Ok(text) => {
                refuse_open_file(path)?;
                Self::from_text(&text).ok_or_else(|| KeyFileError::Invalid {
                    path: path.to_owned(),
                })
            }
            Err(source) if source.kind() == std::io::ErrorKind::InvalidData => {
                Err(KeyFileError::Invalid {
                    path: path.to_owned(),
                })
            }
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(error(source)),
            Err(_) if !database_is_new => Err(KeyFileError::Missing {
                path: path.to_owned(),
            }),
            Err(_) => {
                let mut bytes = [0; KEY_BYTES];
                entropy.fill(&mut bytes);
                write_new(path, &format!("{}\n", BASE64.encode(bytes))).map_err(error)?;
                Ok(Self(bytes))
            }
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        let bytes = BASE64.decode(text.trim()).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// A key of its own for one purpose, which `label` names.
    #[expect(
        clippy::missing_panics_doc,
        reason = "32 bytes are always within what HKDF can give"
    )]
    pub fn derive(&self, label: &[u8]) -> [u8; KEY_BYTES] {
        let mut bytes = [0; KEY_BYTES];
        Hkdf::<Sha256>::new(None, &self.0)
            .expand(label, &mut bytes)
            .expect("32 bytes are within what HKDF-SHA256 can give (8160)");
        bytes
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[key]")
    }
}

/// Why there is no key. Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// There is a database but not its key.
    #[error(
        "the key file {} is missing, and the database exists already: its secrets can only be read with that key; restore the file from your backup, or name its place with --key-file", path.display()
    )]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file holds something else.
    #[error("the key file {} does not hold 32 bytes in base64; restore it from your backup", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
    },
    /// Others can read the file.
    #[error("the key file {} can be read or changed by others (mode {mode:o}); run: chmod 600 {}", path.display(), path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file cannot be read or made.
    #[error("cannot read or make the key file {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// Refuses a file that anyone can read or the group can change. A group that may read is how orchestrators mount secrets.
fn refuse_open_file(path: &Path) -> Result<(), KeyFileError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = std::fs::metadata(path).map_err(|source| KeyFileError::Io {
            path: path.to_owned(),
            source,
        })?;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o027 != 0 {
            return Err(KeyFileError::Open {
                path: path.to_owned(),
                mode,
            });
        }
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Writes a file that must not exist yet, and does not return before it is on the disk: what is sealed with a key that
/// a power cut takes away is lost.
fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    #[cfg(unix)]
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Where a sealed value stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) table: &'static str,
    pub(crate) column: &'a str,
    pub(crate) row: &'a str,
}

impl Place<'_> {
    fn error(self) -> StoreError {
        StoreError::Seal {
            table: self.table,
            row: self.row.to_owned(),
            column: self.column.to_owned(),
        }
    }
}

/// Seals and opens values with the deployment's key.
pub(crate) struct Sealer {
    cipher: XChaCha20Poly1305,
    key_id: String,
    entropy: Arc<dyn Entropy>,
}

impl Sealer {
    pub(crate) fn new(key: &MasterKey, entropy: Arc<dyn Entropy>) -> Self {
        let derived = Key::from(key.derive(b"weir sealed values v1"));
        Self {
            cipher: XChaCha20Poly1305::new(&derived),
            key_id: key.id(),
            entropy,
        }
    }

    /// The id that is kept beside what is sealed.
    pub(crate) fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Nonce and ciphertext in base64.
    pub(crate) fn seal(&self, place: Place<'_>, secret: &Secret) -> Result<String, StoreError> {
        let mut nonce = [0; NONCE_BYTES];
        self.entropy.fill(&mut nonce);
        let aad = associated_data(place, &self.key_id);
        let payload = Payload {
            msg: secret.expose().as_bytes(),
            aad: aad.as_bytes(),
        };
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| place.error())?;
        Ok(BASE64.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// The text that was sealed for this place with this key.
    pub(crate) fn open(
        &self,
        place: Place<'_>,
        key_id: &str,
        sealed: &str,
    ) -> Result<Secret, StoreError> {
        let open = || {
            let bytes = BASE64.decode(sealed).ok()?;
            let (nonce, message) = bytes.split_first_chunk::<NONCE_BYTES>()?;
            let aad = associated_data(place, key_id);
            let payload = Payload {
                msg: message,
                aad: aad.as_bytes(),
            };
            let text = self.cipher.decrypt(&XNonce::from(*nonce), payload).ok()?;
            String::from_utf8(text).ok().map(Secret::new)
        };
        open().ok_or_else(|| place.error())
    }
}

fn associated_data(place: Place<'_>, key_id: &str) -> String {
    format!("{}|{}|{}|{key_id}", place.table, place.column, place.row)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;

    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            for (place, byte) in bytes.iter_mut().enumerate() {
                *byte = u8::try_from(place % 251).unwrap();
            }
        }
    }

    const PLACE: Place<'static> = Place {
        table: "secrets",
        column: "connection_password",
        row: "row-1",
    };

    fn sealer(byte: u8) -> Sealer {
        Sealer::new(&MasterKey::from_bytes([byte; 32]), Arc::new(Counting))
    }

    #[test]
    fn a_value_opens_only_in_its_place_with_its_key_and_unchanged() {
        let sealer = sealer(1);
        let text = sealer.seal(PLACE, &Secret::new("hunter2")).unwrap();
        assert!(!text.contains("hunter2"));
        let opened = sealer.open(PLACE, sealer.key_id(), &text).unwrap();
        assert_eq!(opened.expose(), "hunter2");

        for place in [
            Place {
                row: "row-2",
                ..PLACE
            },
            Place {
                column: "connection_private_key",
                ..PLACE
            },
            Place {
                table: "servers",
                ..PLACE
            },
        ] {
            assert!(sealer.open(place, sealer.key_id(), &text).is_err());
        }
        assert!(sealer.open(PLACE, "another key", &text).is_err());
        let other = self::sealer(2);
        assert!(other.open(PLACE, other.key_id(), &text).is_err());
        let changed = text.replacen('A', "B", 1);
        assert_ne!(changed, text);
        assert!(sealer.open(PLACE, sealer.key_id(), &changed).is_err());
        assert!(sealer.open(PLACE, sealer.key_id(), "short").is_err());
    }

    #[test]
    fn the_fingerprint_tells_keys_apart_and_is_not_the_key() {
        let one = MasterKey::from_bytes([1; 32]);
        assert_ne!(
            one.fingerprint(),
            MasterKey::from_bytes([2; 32]).fingerprint()
        );
        assert_eq!(one.fingerprint().len(), 64);
        assert!(!one.fingerprint().contains("0101"));
        assert_eq!(format!("{one:?}"), "[key]");
    }

    #[test]
    fn a_key_is_made_for_a_new_database_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        assert!(matches!(
            MasterKey::load_or_create(&path, &Counting, false),
            Err(KeyFileError::Missing { .. })
        ));
        assert!(!path.exists());
        let made = MasterKey::load_or_create(&path, &Counting, true).unwrap();
        for database_is_new in [false, true] {
            let read = MasterKey::load_or_create(&path, &Counting, database_is_new).unwrap();
            assert_eq!(read.fingerprint(), made.fingerprint());
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_is_private_and_whole() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        MasterKey::load_or_create(&path, &Counting, true).unwrap();
        let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(
            MasterKey::load_or_create(&path, &Counting, false),
            Err(KeyFileError::Open { mode: 0o644, .. })
        ));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&path, "half a key").unwrap();
        assert!(matches!(
            MasterKey::load_or_create(&path, &Counting, true),
            Err(KeyFileError::Invalid { .. })
        ));
    }
}
