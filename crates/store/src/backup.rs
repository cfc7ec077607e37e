//! A copy of the SQLite database in one file, and the way back. A copy knows that it is one: whoever starts from it makes and
//! deletes nothing until an admin has said what it is.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use domain::deployment::Observing;
use domain::timestamp::Timestamp;

use crate::db::{self, Db};
use crate::error::{OpenError, StoreError};
use crate::home::Note;
use crate::seal::MasterKey;
use crate::{DatabaseUrl, Store, deployment};

/// Why there is no backup, or nothing was restored. Each text says what to do. Nothing is left behind.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database is not a file of ours.
    #[error(
        "the database is in Postgres: back it up by pg_dump, which works while Weir serves; to restore it, end every Weir, make a new database, pg_restore into that and start Weir on it; keep the key file apart from it"
    )]
    Postgres,
    /// A backup never replaces a file.
    #[error("{} exists already; name another file", file.display())]
    Exists {
        /// The file.
        file: PathBuf,
    },
    /// A database is never replaced.
    #[error(
        "there is a database in {} already; restore into a folder without one, or move its files weir.db* away first", folder.display()
    )]
    NotEmpty {
        /// The data folder.
        folder: PathBuf,
    },
    /// What was written last stands in another file.
    #[error(
        "{} holds changes that the file alone does not have; make a backup of it by `weir backup`, or copy all files weir.db* instead", wal.display()
    )]
    Unfinished {
        /// The file with the changes.
        wal: PathBuf,
    },
    /// The file is no database, or a damaged one.
    #[error("{} is not a whole backup of Weir: {why}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The database that was copied cannot be used by this version with this key.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database does not answer.
    #[error("the database cannot be copied")]
    Store(#[from] StoreError),
    /// A file cannot be read or written.
    #[error("cannot read or write {}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Store {
    /// Copies the database into `file`, readable by this account alone, while others go on using it. The copy holds one moment
    /// of all tables.
    ///
    /// # Errors
    /// The file exists, or the database cannot be copied. Then there is no file.
    pub async fn backup(url: &DatabaseUrl, file: &Path, now: Timestamp) -> Result<(), BackupError> {
        let DatabaseUrl::SqliteFile(database) = url else {
            return Err(BackupError::Postgres);
        };
        // SQLite writes into a file that is empty, so the file is ours before anything is in it.
        new_file(file)?;
        let copied = async {
            db::copy_sqlite(database, file).await?;
            let why = format!("This database is a backup of {}.", now.in_words());
            mark(file, None, now, why).await
        };
        let copied = copied.await.and_then(|()| sync(file));
        if copied.is_err() {
            remove(file);
        }
        copied
    }

    /// Puts a backup in the place of a database that is not there, after looking whether it is whole, of a version that is known
    /// here, and made with `key`.
    ///
    /// # Errors
    /// There is a database, or the backup cannot be used. Then nothing has changed.
    pub async fn restore(
        url: &DatabaseUrl,
        key: &MasterKey,
        file: &Path,
        now: Timestamp,
    ) -> Result<(), BackupError> {
        let DatabaseUrl::SqliteFile(database) = url else {
            return Err(BackupError::Postgres);
        };
        if files_of(database).iter().any(|file| file.exists()) {
            let folder = database.parent().unwrap_or(database).to_owned();
            return Err(BackupError::NotEmpty { folder });
        }
        let mut wal = file.as_os_str().to_owned();
        wal.push("-wal");
        let wal = PathBuf::from(wal);
        if fs::metadata(&wal).is_ok_and(|wal| wal.len() > 0) {
            return Err(BackupError::Unfinished { wal });
        }
        // Looked at beside its place, since looking brings the schema up to date.
        let beside = database.with_extension("restoring");
        remove(&beside);
        let restored = async {
            let mut copy = new_file(&beside)?;
            File::open(file)
                .and_then(|mut backup| io::copy(&mut backup, &mut copy))
                .map_err(|source| io_error(file, source))?;
            let damaged = |why| BackupError::Damaged {
                file: file.to_owned(),
                why,
            };
            if let Some(why) = db::damage_of_sqlite(&beside).await {
                return Err(damaged(why));
            }
            if Self::is_new(&DatabaseUrl::SqliteFile(beside.clone())).await? {
                return Err(damaged("it holds no installation".to_owned()));
            }
            let why = format!("This database was restored at {}.", now.in_words());
            mark(&beside, Some(key), now, why).await?;
            sync(&beside)?;
            if let Some(note) = Note::beside(url) {
                note.remove();
            }
            fs::rename(&beside, database).map_err(|source| io_error(database, source))?;
            sync(database)
        };
        let restored = restored.await;
        if restored.is_err() {
            remove(&beside);
        }
        restored
    }
}

/// Brings a copy's schema up to date and has it say that it is one. With a key it is first seen whether it is the right one.
async fn mark(
    file: &Path,
    key: Option<&MasterKey>,
    now: Timestamp,
    why: String,
) -> Result<(), BackupError> {
    let db = Db::connect(&DatabaseUrl::SqliteFile(file.to_owned())).await?;
    let marked = async {
        if let Some(key) = key {
            deployment::check(&db, key).await?;
        }
        db.migrate().await?;
        let mut tx = db.write().await?;
        tx.observe(&Observing { since: now, why }).await?;
        tx.commit().await?;
        Ok(())
    };
    let marked = marked.await;
    // What was written beside the file goes into it.
    db.close().await;
    marked
}

fn new_file(file: &Path) -> Result<File, BackupError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(file)
        .map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => BackupError::Exists {
                file: file.to_owned(),
            },
            _ => io_error(file, source),
        })
}

/// Has the file, and its name in the folder, on the disk.
fn sync(file: &Path) -> Result<(), BackupError> {
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    [file, folder]
        .into_iter()
        .try_for_each(|path| File::open(path)?.sync_all())
        .map_err(|source| io_error(file, source))
}

/// The file and what SQLite keeps beside it.
fn files_of(database: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|end| {
        let mut name = database.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    })
}

fn remove(database: &Path) {
    for file in files_of(database) {
        // It may not be there.
        let _ = fs::remove_file(file);
    }
}

fn io_error(file: &Path, source: io::Error) -> BackupError {
    BackupError::Io {
        file: file.to_owned(),
        source,
    }
}
