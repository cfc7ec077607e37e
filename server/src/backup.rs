//! The commands `weir backup` and `weir restore`: the database as one file, and the way back.

use std::path::{Path, PathBuf};

use clap::Args;
use domain::clock::Clock as _;
use store::{MasterKey, Store};

use crate::clock::{OsEntropy, SystemClock};
use crate::rest::error::chain;
use crate::settings::Place;
use crate::startup;

/// A database and a file that holds a copy of it.
#[derive(Debug, Args)]
pub struct Backup {
    #[command(flatten)]
    place: Place,
    /// The file of the backup.
    file: PathBuf,
}

impl Backup {
    /// The installation that it is about.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Writes the file.
    ///
    /// # Errors
    /// What is wrong and what to do.
    pub async fn write(&self) -> Result<(), String> {
        Store::backup(&self.place.database()?, &self.file, SystemClock.now())
            .await
            .map_err(|error| chain(&error))?;
        println!(
            "backup    {}\nkey       {} is not in it: keep a copy of that too, in another place",
            self.file.display(),
            self.place.key_path().display()
        );
        Ok(())
    }

    /// Puts the file in the place of a database that is not there.
    ///
    /// # Errors
    /// What is wrong and what to do.
    pub async fn restore(&self) -> Result<(), String> {
        let Place { data, .. } = &self.place;
        let url = self.place.database()?;
        let key = self.key()?;
        startup::make_folder(data)?;
        let _only_one = startup::only_one(&self.place).await?;
        Store::restore(&url, &key, &self.file, SystemClock.now())
            .await
            .map_err(|error| chain(&error))?;
        println!(
            "restored  {}\nnext      start Weir with it. Until an admin says whether it takes the place of the original or is a copy \
             beside it,\n          it makes and deletes nothing at any provider",
            data.display()
        );
        Ok(())
    }

    /// The key that the backup was made with, which has to be there first.
    fn key(&self) -> Result<MasterKey, String> {
        let path = self.place.key_path();
        if !path.exists() {
            return Err(no_key(&path));
        }
        MasterKey::load_or_create(&path, &OsEntropy, false).map_err(|error| chain(&error))
    }
}

fn no_key(path: &Path) -> String {
    format!(
        "the key that the backup was made with is not at {}; put it there first, or name its place with --key-file",
        path.display()
    )
}
