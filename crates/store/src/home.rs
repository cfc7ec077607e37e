//! Where a database lies, as told from outside of it, and how far it had come: by these a database that was restored or copied
//! is noticed (`docs/adr/0016-restored-or-copied.md`).

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::DatabaseUrl;

/// Where a database lies. What cannot be told is left out, and then tells nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Home {
    /// A SQLite file.
    File {
        /// The number of its inode.
        inode: u64,
        /// When the file was made, in milliseconds since 1970, where the file system keeps that.
        born: Option<i64>,
    },
    /// A database of Postgres.
    Cluster {
        /// What tells the cluster from every other one, where this account may ask.
        system: Option<i64>,
        /// The database's own number in it.
        database: i64,
    },
}

impl Home {
    /// The home of a SQLite file; none where it cannot be looked at.
    pub(crate) fn of_file(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let metadata = std::fs::metadata(path).ok()?;
        let born = metadata.created().ok();
        let born = born.and_then(|born| born.duration_since(UNIX_EPOCH).ok());
        Some(Self::File {
            inode: metadata.ino(),
            born: born.and_then(|born| i64::try_from(born.as_millis()).ok()),
        })
    }

    /// Whether the same database lies there. A file is known by the time of its birth, which no copy shares and no restart, mount
    /// or container changes; only where that is not kept, by its inode, which some network file systems number anew.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::File { inode, born },
                Self::File {
                    inode: other_inode,
                    born: other_born,
                },
            ) => match (born, other_born) {
                (Some(born), Some(other)) => born == other,
                _ => inode == other_inode,
            },
            (
                Self::Cluster { system, database },
                Self::Cluster {
                    system: other_system,
                    database: other_database,
                },
            ) => {
                let is_same_system = match (system, other_system) {
                    (Some(system), Some(other)) => system == other,
                    _ => true,
                };
                is_same_system && database == other_database
            }
            _ => false,
        }
    }
}

/// A file beside a SQLite database that says how often its lease had been taken or renewed. An older state of the database that
/// is put in its place has a smaller number. Losing the note costs only that notice.
pub(crate) struct Note(PathBuf);

impl Note {
    /// The note of a database; none where there is no file to be replaced.
    pub(crate) fn beside(url: &DatabaseUrl) -> Option<Self> {
        match url {
            DatabaseUrl::SqliteFile(path) => Some(Self(path.with_extension("renewals"))),
            DatabaseUrl::SqliteMemory | DatabaseUrl::Postgres(_) => None,
        }
    }

    /// The number in it, if there is one.
    pub(crate) fn read(&self) -> Option<i64> {
        std::fs::read_to_string(&self.0).ok()?.trim().parse().ok()
    }

    /// Forgets the database that was there before.
    pub(crate) fn remove(&self) {
        // It may not be there.
        let _ = std::fs::remove_file(&self.0);
    }

    /// Notes how far the database has come. Written after the commit, so it is never ahead of what is on the disk.
    pub(crate) fn write(&self, renewals: i64) {
        if let Err(error) = std::fs::write(&self.0, format!("{renewals}\n")) {
            tracing::warn!(%error, file = %self.0.display(), "how far the database has come cannot be noted");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const fn file(inode: u64, born: Option<i64>) -> Home {
        Home::File { inode, born }
    }

    const fn cluster(system: Option<i64>, database: i64) -> Home {
        Home::Cluster { system, database }
    }

    #[test]
    fn a_copy_is_told_from_its_original() {
        let folder = tempfile::tempdir().unwrap();
        let (original, copy) = (folder.path().join("a"), folder.path().join("b"));
        std::fs::write(&original, "x").unwrap();
        let before = Home::of_file(&original).unwrap();
        // Births are told to some milliseconds, so one at the same moment has to be made again.
        let born = |path: &Path| std::fs::metadata(path).unwrap().created().unwrap();
        while !copy.exists() || born(&copy) <= born(&original) + Duration::from_millis(1) {
            let _ = std::fs::remove_file(&copy);
            std::fs::copy(&original, &copy).unwrap();
        }
        std::fs::write(&original, "y").unwrap();
        assert!(before.is_same(&Home::of_file(&original).unwrap()));
        assert!(!before.is_same(&Home::of_file(&copy).unwrap()));
        std::fs::rename(&original, folder.path().join("c")).unwrap();
        assert!(before.is_same(&Home::of_file(&folder.path().join("c")).unwrap()));
    }

    #[test]
    fn what_cannot_be_told_raises_no_alarm() {
        assert!(file(1, Some(5)).is_same(&file(2, Some(5))), "another mount");
        assert!(!file(1, Some(5)).is_same(&file(1, Some(6))), "a copy");
        assert!(file(1, None).is_same(&file(1, Some(5))));
        assert!(!file(1, None).is_same(&file(2, Some(5))));
        assert!(cluster(None, 1).is_same(&cluster(Some(7), 1)));
        assert!(!cluster(Some(8), 1).is_same(&cluster(Some(7), 1)));
        assert!(!cluster(None, 2).is_same(&cluster(Some(7), 1)));
        assert!(!file(1, None).is_same(&cluster(None, 1)));
    }
}
