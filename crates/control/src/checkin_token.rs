//! Check-in tokens: what a server shows when it reports about itself. One algorithm, one key, one purpose.

use domain::id::{DeploymentId, ServerId};
use domain::secret::Secret;
use domain::timestamp::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

/// About how long a token is, in characters: for the size of a script before a server exists.
pub(crate) const USUAL_LENGTH: usize = 300;

/// Longer texts are not looked at.
const MAX_LENGTH: usize = 2048;

const ISSUER: &str = "weir";
const AUDIENCE: &str = "checkin";
const TYPE: &str = "weir-checkin+jwt";

/// Signs and reads check-in tokens.
pub struct CheckinTokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    deployment: DeploymentId,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    aud: String,
    /// The server's bare UUID.
    sub: String,
    /// This installation's bare UUID.
    dep: String,
    /// Seconds since the epoch.
    iat: i64,
    /// Seconds since the epoch.
    exp: i64,
}

/// What a genuine token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckinClaims {
    /// The one server it speaks for.
    pub server: ServerId,
    /// Until then it may bring the server to `Running`.
    pub expires_at: Timestamp,
}

impl CheckinTokens {
    /// With a key that is used for nothing else.
    pub fn new(key: &[u8; 32], deployment: DeploymentId) -> Self {
        Self {
            encoding: EncodingKey::from_secret(key),
            decoding: DecodingKey::from_secret(key),
            deployment,
        }
    }

    /// A token for one server.
    pub fn sign(
        &self,
        server: ServerId,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Secret, jsonwebtoken::errors::Error> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: server.bare(),
            dep: self.deployment.bare(),
            iat: now.millis() / 1000,
            exp: expires_at.millis() / 1000,
        };
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some(TYPE.to_owned());
        jsonwebtoken::encode(&header, &claims, &self.encoding).map(Secret::new)
    }

    /// Reads a token. None for everything that is not a token of ours for a check-in; its end is not judged here.
    pub fn read(&self, token: &str) -> Option<CheckinClaims> {
        if token.len() > MAX_LENGTH {
            return None;
        }
        let header = jsonwebtoken::decode_header(token).ok()?;
        let is_plain = header.kid.is_none()
            && header.jku.is_none()
            && header.jwk.is_none()
            && header.x5u.is_none()
            && header.x5c.is_none()
            && header.x5t.is_none();
        if header.typ.as_deref() != Some(TYPE) || !is_plain {
            return None;
        }
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // Judged by Weir's own clock, which the library does not know.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation)
            .ok()?
            .claims;
        let deployment = DeploymentId::from_bare(&claims.dep).ok()?;
        let server = ServerId::from_bare(&claims.sub).ok()?;
        (deployment == self.deployment).then(|| CheckinClaims {
            server,
            expires_at: Timestamp::from_millis(claims.exp.saturating_mul(1000)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use uuid::Uuid;

    fn tokens(key: u8) -> CheckinTokens {
        CheckinTokens::new(&[key; 32], DeploymentId::from_uuid(Uuid::from_u128(7)))
    }

    fn signed() -> String {
        let server = ServerId::from_uuid(Uuid::from_u128(9));
        let at = Timestamp::from_millis(1_000_000);
        tokens(1)
            .sign(server, at, at.plus_secs(600))
            .expect("signs")
            .expose()
            .to_owned()
    }

    #[test]
    fn a_token_speaks_for_one_server() {
        let claims = tokens(1).read(&signed()).expect("our own token");
        assert_eq!(claims.server, ServerId::from_uuid(Uuid::from_u128(9)));
        assert_eq!(claims.expires_at.millis(), 1_600_000);
        assert!(signed().len() <= USUAL_LENGTH + 60, "{}", signed().len());
    }

    #[test]
    fn forged_and_foreign_tokens_are_refused() {
        let token = signed();
        let parts: Vec<&str> = token.split('.').collect();
        let header =
            |json: &str| format!("{}.{}.{}", URL_SAFE_NO_PAD.encode(json), parts[1], parts[2]);
        let body =
            |json: &str| format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(json), parts[2]);
        let forged = [
            header(r#"{"alg":"none","typ":"weir-checkin+jwt"}"#),
            header(r#"{"alg":"HS512","typ":"weir-checkin+jwt"}"#),
            header(r#"{"alg":"RS256","typ":"weir-checkin+jwt"}"#),
            header(r#"{"alg":"HS256","typ":"weir-checkin+jwt","kid":"../../key"}"#),
            header(r#"{"alg":"HS256","typ":"weir-checkin+jwt","jku":"http://127.0.0.1/"}"#),
            header(r#"{"alg":"HS256","typ":"JWT"}"#),
            body(r#"{"iss":"weir","aud":"checkin","sub":"00000000-0000-0000-0000-00000000000a"}"#),
            format!("{}.{}.", parts[0], parts[1]),
            format!("{token}x"),
            String::new(),
            "..".to_owned(),
            "x".repeat(MAX_LENGTH + 1),
        ];
        for token in &forged {
            assert_eq!(tokens(1).read(token), None, "{token}");
        }
        assert_eq!(tokens(2).read(&token), None, "another key");
        let elsewhere = CheckinTokens::new(&[1; 32], DeploymentId::from_uuid(Uuid::from_u128(8)));
        assert_eq!(elsewhere.read(&token), None, "another installation");
    }
}
