//! Secrets of configs, each sealed in a row of its own.

use std::collections::BTreeMap;

use domain::autoscale::SecretState;
use domain::id::{ConfigId, LdapConfigId, ProviderId};
use domain::secret::Secret;
use domain::timestamp::Timestamp;

use crate::db::Tx;
use crate::row::{Row, args};
use crate::seal::{Place, Sealer};
use crate::{Result, Store};

/// What happens to one secret.
#[derive(Debug, Clone)]
pub struct SecretWrite {
    /// Its key in the form.
    pub key: String,
    /// The new value; none removes it.
    pub value: Option<Secret>,
}

/// That a secret is set, since when, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretInfo {
    /// Its key in the form.
    pub key: String,
    /// When it was set.
    pub set_at: Timestamp,
    /// Who set it, as in the audit log.
    pub set_by: String,
}

impl SecretInfo {
    /// What people see of all of them, by key.
    pub fn states(all: Vec<Self>) -> BTreeMap<String, SecretState> {
        let state = |one: Self| {
            let (set_at, set_by) = (one.set_at, one.set_by);
            (one.key, SecretState { set_at, set_by })
        };
        all.into_iter().map(state).collect()
    }
}

/// What secrets belong to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Owner {
    Config(ConfigId),
    Ldap(LdapConfigId),
    Provider(ProviderId),
}

impl Owner {
    fn bare(self) -> String {
        match self {
            Self::Config(id) => id.bare(),
            Self::Ldap(id) => id.bare(),
            Self::Provider(id) => id.bare(),
        }
    }
}

impl Store {
    /// A secret of the autoscale config or LDAP config with this id (as text, with its prefix).
    pub async fn secret_open(&self, owner: &str, key: &str) -> Result<Option<Secret>> {
        let bare = owner.split_once('_').map_or(owner, |(_, bare)| bare);
        let row = self
            .db
            .one(
                "secrets",
                "SELECT owner AS id, sealed, key_id FROM secrets WHERE owner = $1 AND key = $2",
                args![bare, key],
            )
            .await?;
        row.map(|row| {
            let (sealed, key_id): (String, String) = (row.get("sealed")?, row.get("key_id")?);
            self.sealer.open(place(bare, key), &key_id, &sealed)
        })
        .transpose()
    }

    /// All secrets of a provider config, by key.
    pub async fn provider_secrets(&self, id: ProviderId) -> Result<BTreeMap<String, Secret>> {
        let bare = id.bare();
        let sql = "SELECT owner AS id, key, sealed, key_id FROM secrets WHERE owner = $1";
        let rows = self.db.all("secrets", sql, args![&bare]).await?;
        rows.iter()
            .map(|row| {
                let key: String = row.get("key")?;
                let (sealed, key_id): (String, String) = (row.get("sealed")?, row.get("key_id")?);
                let secret = self.sealer.open(place(&bare, &key), &key_id, &sealed)?;
                Ok((key, secret))
            })
            .collect()
    }

    /// Which secrets are set, by key.
    pub(crate) async fn secret_infos(&self, owner: Owner) -> Result<Vec<SecretInfo>> {
        let rows = self.db.all("secrets", INFOS, args![owner.bare()]).await?;
        rows.iter().map(info).collect()
    }
}

impl Tx {
    /// Writes what happens to an owner's secrets.
    pub(crate) async fn write_secrets(
        &mut self,
        sealer: &Sealer,
        owner: Owner,
        writes: Vec<SecretWrite>,
        at: Timestamp,
        by: &str,
    ) -> Result<()> {
        let bare = owner.bare();
        let (mut config, mut ldap, mut provider) = (None, None, None);
        match owner {
            Owner::Config(id) => config = Some(id),
            Owner::Ldap(id) => ldap = Some(id),
            Owner::Provider(id) => provider = Some(id),
        }
        for write in writes {
            let Some(value) = write.value else {
                self.run(
                    "DELETE FROM secrets WHERE owner = $1 AND key = $2",
                    args![&bare, &write.key],
                )
                .await?;
                continue;
            };
            let text = sealer.seal(place(&bare, &write.key), &value)?;
            self.run(
                "INSERT INTO secrets (owner, key, config_id, ldap_config_id, provider_id, sealed, key_id, set_at, set_by)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                 ON CONFLICT (owner, key) DO UPDATE SET sealed = excluded.sealed, key_id = excluded.key_id,
                    set_at = excluded.set_at, set_by = excluded.set_by",
                args![&bare, &write.key, config, ldap, provider, text, sealer.key_id(), at, by],
            )
            .await?;
        }
        Ok(())
    }

    /// Which secrets are set, by key.
    pub(crate) async fn secret_infos(&mut self, owner: Owner) -> Result<Vec<SecretInfo>> {
        let rows = self.all("secrets", INFOS, args![owner.bare()]).await?;
        rows.iter().map(info).collect()
    }
}

const INFOS: &str =
    "SELECT owner AS id, key, set_at, set_by FROM secrets WHERE owner = $1 ORDER BY key";

fn place<'a>(owner: &'a str, key: &'a str) -> Place<'a> {
    Place {
        table: "secrets",
        column: key,
        row: owner,
    }
}

/// What a row says of a secret that is set.
pub(crate) fn info(row: &Row) -> Result<SecretInfo> {
    Ok(SecretInfo {
        key: row.get("key")?,
        set_at: row.get("set_at")?,
        set_by: row.get("set_by")?,
    })
}
