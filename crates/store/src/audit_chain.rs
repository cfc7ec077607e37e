//! The chain over the audit log: what was written cannot be changed, moved or taken away without being found.
//!
//! Entries are linked a moment after they were written and not in their own transaction: a number for each would make
//! everything that is written wait for everything else (`docs/adr/0014-audit-chain.md`).

use domain::id::{AuditId, DeploymentId};
use hkdf::hmac::{Hmac, Mac as _};
use serde_json::json;
use sha2::Sha256;

use crate::lease::Fence;
use crate::row::{Row, args};
use crate::seal::{MasterKey, hex};
use crate::{Result, Store};

/// Entries that are linked in one transaction, or read at once.
const AT_ONCE: u32 = 500;
/// Faults that are told of; where there are more, one more says nothing new.
const TOLD: usize = 100;

/// An entry as it is exported: its column texts, and its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ChainEntry {
    /// Its place in the chain, from 1.
    pub number: i64,
    /// Over itself and the one before, 64 hexadecimal digits.
    pub hash: String,
    /// The id.
    pub id: AuditId,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub target: String,
    /// What else is worth knowing: JSON.
    pub detail: String,
}

/// What a look at the whole chain has found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChainReport {
    /// Number and hash of the newest linked entry: kept elsewhere, they show later that nothing was cut off.
    pub head: Option<(i64, String)>,
    /// Entries that are written and not linked yet.
    pub unlinked: i64,
    /// What is not as it was written, at most the first hundred.
    pub faults: Vec<ChainFault>,
}

/// Something in the chain that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainFault {
    /// Entries are not there: the first and the last number.
    Missing(i64, i64),
    /// An entry is not the one that was linked under this number.
    Changed(i64, AuditId),
}

/// Makes the hashes of a deployment's chain.
pub(crate) struct ChainKey(Hmac<Sha256>);

impl ChainKey {
    pub(crate) fn new(key: &MasterKey) -> Self {
        let key = key.derive(b"weir audit chain v1");
        Self(Hmac::new_from_slice(&key).expect("an HMAC takes a key of any length"))
    }

    fn hash(&self, before: &str, entry: &ChainEntry) -> String {
        // JSON says where each text ends.
        let content = json!([
            before,
            entry.number,
            entry.id,
            entry.at,
            entry.actor,
            entry.action,
            entry.target,
            entry.detail
        ]);
        let mut mac = self.0.clone();
        mac.update(content.to_string().as_bytes());
        hex(&mac.finalize().into_bytes())
    }
}

impl Store {
    /// Links entries that are not linked yet, the oldest first. How many; with as many as go at once there may be more.
    pub async fn audit_link(&self, fence: Fence) -> Result<u32> {
        let waiting = "SELECT id FROM audit WHERE number IS NULL LIMIT 1";
        if self.db.one("audit", waiting, Vec::new()).await?.is_none() {
            return Ok(0);
        }
        let mut tx = self.db.write().await?;
        // Nobody else links meanwhile.
        tx.hold_fence(Some(fence)).await?;
        let newest =
            "SELECT number, hash FROM audit WHERE number IS NOT NULL ORDER BY number DESC LIMIT 1";
        let newest = tx.one("audit", newest, Vec::new()).await?;
        let (mut number, mut hash) = match newest {
            Some(row) => (row.get("number")?, row.get("hash")?),
            None => (0, self.chain_start().await?),
        };
        let unlinked =
            "SELECT CAST(0 AS BIGINT) AS number, '' AS hash, id, at, actor, action, target, detail
             FROM audit WHERE number IS NULL ORDER BY id LIMIT $1";
        let rows = tx.all("audit", unlinked, args![AT_ONCE]).await?;
        let mut linked = 0;
        for row in rows {
            number += 1;
            let entry = ChainEntry {
                number,
                ..read(&row)?
            };
            hash = self.chain.hash(&hash, &entry);
            tx.run(
                "UPDATE audit SET number = $2, hash = $3 WHERE id = $1",
                args![entry.id, number, &hash],
            )
            .await?;
            linked += 1;
        }
        tx.commit().await?;
        Ok(linked)
    }

    /// Linked entries after this number, in their order.
    pub async fn audit_linked(&self, after: i64) -> Result<Vec<ChainEntry>> {
        let sql = "SELECT number, hash, id, at, actor, action, target, detail
             FROM audit WHERE number > $1 ORDER BY number LIMIT $2";
        let rows = self.db.all("audit", sql, args![after, AT_ONCE]).await?;
        rows.iter().map(read).collect()
    }

    /// Makes all hashes anew and compares.
    pub async fn audit_verify(&self) -> Result<ChainReport> {
        let mut report = ChainReport::default();
        let (mut number, mut hash) = (0, self.chain_start().await?);
        loop {
            let entries = self.audit_linked(number).await?;
            if entries.is_empty() {
                break;
            }
            for entry in entries {
                if entry.number == number + 1 {
                    if self.chain.hash(&hash, &entry) != entry.hash {
                        report.tell(ChainFault::Changed(entry.number, entry.id));
                    }
                } else {
                    // What stood before it is not known: from here on the chain is looked at anew.
                    report.tell(ChainFault::Missing(number + 1, entry.number - 1));
                }
                (number, hash) = (entry.number, entry.hash);
            }
        }
        report.head = (number > 0).then_some((number, hash));
        let count = "SELECT COUNT(*) AS count FROM audit WHERE number IS NULL";
        if let Some(row) = self.db.one("audit", count, Vec::new()).await? {
            report.unlinked = row.get("count")?;
        }
        Ok(report)
    }

    /// What the first entry is linked to: the chain of one deployment is not that of another.
    async fn chain_start(&self) -> Result<String> {
        let id: DeploymentId = self.deployment().await?.id;
        Ok(id.to_string())
    }
}

impl ChainReport {
    fn tell(&mut self, fault: ChainFault) {
        if self.faults.len() < TOLD {
            self.faults.push(fault);
        }
    }
}

fn read(row: &Row) -> Result<ChainEntry> {
    Ok(ChainEntry {
        number: row.get("number")?,
        hash: row.get("hash")?,
        id: row.get("id")?,
        at: row.get("at")?,
        actor: row.get("actor")?,
        action: row.get("action")?,
        target: row.get("target")?,
        detail: row.get("detail")?,
    })
}
