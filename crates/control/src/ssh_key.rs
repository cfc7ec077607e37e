//! People's SSH keys. Weir keeps public halves only.

use domain::actor::Actor;
use domain::error::{Problem, ProblemCode};
use domain::id::{SshKeyId, UserId};
use domain::user::{NewSshKey, SshKey, SshKeyInput};
use domain::value::Name;
use serde_json::json;
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::{Algorithm, HashAlg, LineEnding, PrivateKey, PublicKey};

use crate::error::{Error, Result, not_found};
use crate::fields::Fields;
use crate::plane::ControlPlane;

/// The keys of the actor, oldest first.
pub async fn list(plane: &ControlPlane, actor: &Actor) -> Result<Vec<SshKey>> {
    Ok(plane.store().ssh_keys_of(owner(actor)?).await?)
}

/// Adds a key: the pasted one, or a new pair whose private half is in the answer and nowhere else.
pub async fn create(plane: &ControlPlane, actor: &Actor, input: SshKeyInput) -> Result<NewSshKey> {
    let user = owner(actor)?;
    let mut fields = Fields::default();
    let name = fields.read::<Name>("name", &input.name);
    let pasted = input.public_key.as_deref().map(parse_public);
    if let Some(Err(message)) = &pasted {
        fields.refuse("public_key", "invalid", message.clone());
    }
    fields.finish()?;
    let (public, private_key) = match pasted {
        Some(Ok(public)) => (public, None),
        Some(Err(_)) | None => new_pair(plane, &name)?,
    };
    let line = public
        .to_openssh()
        .map_err(|error| Error::Fault(format!("writing a public key failed: {error}")))?;
    let id = SshKeyId::new(plane.clock(), plane.entropy());
    let key = SshKey {
        id,
        name,
        public_key: line,
        fingerprint: public.fingerprint(HashAlg::Sha256).to_string(),
        created_at: plane.now(),
    };
    let audit = plane.audit(
        actor,
        "ssh_key.create",
        id,
        json!({ "fingerprint": key.fingerprint }),
    );
    plane
        .store()
        .ssh_key_insert(user, key.clone(), audit)
        .await
        .map_err(|error| match error {
            store::StoreError::Duplicate { .. } => crate::error::invalid(
                "public_key",
                "duplicate",
                "This key is in your profile already.",
            ),
            other => other.into(),
        })?;
    plane.wake();
    Ok(NewSshKey { key, private_key })
}

/// Deletes a key. Servers on which the actor has a session forget it too.
pub async fn delete(plane: &ControlPlane, actor: &Actor, id: SshKeyId) -> Result<()> {
    let user = owner(actor)?;
    let keys = plane.store().ssh_keys_of(user).await?;
    let old = keys
        .into_iter()
        .find(|key| key.id == id)
        .ok_or_else(|| not_found("SSH key"))?;
    let audit = plane.audit(actor, "ssh_key.delete", id, json!({ "name": old.name }));
    plane.store().ssh_key_delete(user, id, audit).await?;
    plane.wake();
    Ok(())
}

fn owner(actor: &Actor) -> Result<UserId> {
    actor.user().ok_or_else(|| {
        Problem::new(
            ProblemCode::Forbidden,
            "SSH keys belong to people: use a key that acts for one.",
        )
        .into()
    })
}

/// Reads one line of a public key file. The answer to a wrong one says what is wrong.
fn parse_public(line: &str) -> Result<PublicKey, String> {
    let line = line.trim();
    if line.contains("PRIVATE KEY") {
        return Err("This is a private key. Paste the public half, one line that begins with ssh-ed25519 or \
                    ssh-rsa."
            .to_owned());
    }
    if line.lines().count() > 1 {
        return Err("A public key is one line.".to_owned());
    }
    let key = PublicKey::from_openssh(line).map_err(|_| {
        "This is not a public key. It is one line such as `ssh-ed25519 AAAA… name`.".to_owned()
    })?;
    match key.algorithm() {
        Algorithm::Ed25519
        | Algorithm::Ecdsa { .. }
        | Algorithm::SkEd25519
        | Algorithm::SkEcdsaSha2NistP256 => Ok(key),
        Algorithm::Rsa { .. } => {
            let bits = key
                .key_data()
                .rsa()
                .and_then(|rsa| rsa.n.as_positive_bytes())
                .map_or(0, |n| n.len() * 8);
            if bits >= 2048 {
                Ok(key)
            } else {
                Err(format!("This RSA key has {bits} bits; 2048 is the least."))
            }
        }
        other => Err(format!(
            "Keys of the type {other} are too weak. Use Ed25519, ECDSA or RSA."
        )),
    }
}

fn new_pair(plane: &ControlPlane, name: &str) -> Result<(PublicKey, Option<String>)> {
    let mut seed = [0; 32];
    plane.entropy().fill(&mut seed);
    let comment: String = name
        .chars()
        .map(|c| if c.is_ascii_graphic() { c } else { '-' })
        .collect();
    let fault = |error: ssh_key::Error| Error::Fault(format!("making a key pair failed: {error}"));
    let pair = KeypairData::from(Ed25519Keypair::from_seed(&seed));
    let private = PrivateKey::new(pair, comment).map_err(fault)?;
    let text = private.to_openssh(LineEnding::LF).map_err(fault)?;
    Ok((private.public_key().clone(), Some(text.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ someone@example.com";

    #[test]
    fn a_public_key_is_one_line_of_a_strong_type() {
        assert!(parse_public(ED25519).is_ok());
        for (line, part) in [
            ("", "not a public key"),
            ("ssh-ed25519 AAAA", "not a public key"),
            ("-----BEGIN OPENSSH PRIVATE KEY-----", "private key"),
            ("ssh-ed25519 a\nssh-ed25519 b", "one line"),
        ] {
            let message = parse_public(line).expect_err(line);
            assert!(message.contains(part), "{line}: {message}");
        }
    }
}
