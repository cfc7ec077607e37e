//! What calls are signed with: entered keys, the role of Weir's own machine, or a role that is taken on with either.
//!
//! Temporary keys are fetched anew before they end. Fetching has no effect at EC2, so a failure here is never an unknown outcome.

use domain::secret::Secret;
use domain::timestamp::Timestamp;
use serde::Deserialize;

use super::api::xml;
use super::error::{Fault, Refusal, without_effect};
use super::wire::{Answer, Broken, Keys, Target, Wire};
use super::{AwsConfig, CredentialSource};
use crate::ProviderError;
use crate::registry::Secrets;

/// Keys that end within this time are fetched anew, in seconds.
const BEFORE_END_SECS: u32 = 300;
/// How long a role is taken on, in seconds: what every role allows.
const ROLE_SECS: u32 = 3600;

/// How keys are got.
pub(super) struct Credentials {
    source: Source,
    role: Option<Role>,
    /// Keys that are fetched, until they end.
    kept: tokio::sync::Mutex<Option<Keys>>,
}

enum Source {
    Entered(Keys),
    /// The metadata service of the machine that Weir runs on, at this URL.
    Metadata(String),
}

struct Role {
    arn: String,
    external_id: Option<String>,
    /// Where STS answers.
    url: String,
    region: String,
}

impl Credentials {
    /// As the settings say; `metadata_url` is where the metadata service of Weir's own machine answers.
    pub(super) fn new(
        config: &AwsConfig,
        secrets: &Secrets,
        sts_url: &str,
        metadata_url: &str,
    ) -> Self {
        let source = match &config.credentials {
            CredentialSource::Keys { access_key_id } => Source::Entered(Keys {
                access_key_id: access_key_id.clone(),
                secret_access_key: secrets
                    .get("secret_access_key")
                    .cloned()
                    .unwrap_or_else(|| Secret::new("")),
                session_token: secrets
                    .get("session_token")
                    .map(|token| Secret::new(token.expose().trim())),
                expires_at: None,
            }),
            CredentialSource::InstanceRole => Source::Metadata(metadata_url.to_owned()),
        };
        let role = config.role_arn.as_ref().map(|arn| Role {
            arn: arn.clone(),
            external_id: config.external_id.clone(),
            url: sts_url.to_owned(),
            region: config.region.clone(),
        });
        Self {
            source,
            role,
            kept: tokio::sync::Mutex::default(),
        }
    }

    /// Keys that hold for a while.
    pub(super) async fn keys(&self, wire: &Wire) -> Result<Keys, ProviderError> {
        if let (Source::Entered(keys), None) = (&self.source, &self.role) {
            return Ok(keys.clone());
        }
        // Whoever holds the lock fetches; the others wait for what it gets.
        let mut kept = self.kept.lock().await;
        let limit = wire.clock.now().plus_secs(BEFORE_END_SECS);
        let holds = |keys: &&Keys| keys.expires_at.is_none_or(|end| limit < end);
        if let Some(keys) = kept.as_ref().filter(holds) {
            return Ok(keys.clone());
        }
        let first = match &self.source {
            Source::Entered(keys) => keys.clone(),
            Source::Metadata(url) => of_machine(wire, url)
                .await
                .map_err(ProviderError::Unavailable)?,
        };
        let keys = match &self.role {
            Some(role) => role.assume(wire, &first).await.map_err(without_effect)?,
            None => first,
        };
        *kept = Some(keys.clone());
        Ok(keys)
    }
}

impl Role {
    async fn assume(&self, wire: &Wire, keys: &Keys) -> Result<Keys, Fault> {
        #[derive(Deserialize)]
        struct Body {
            #[serde(rename = "AssumeRoleResult")]
            result: Outcome,
        }
        #[derive(Deserialize)]
        struct Outcome {
            #[serde(rename = "Credentials")]
            credentials: Fetched,
        }
        let duration = ROLE_SECS.to_string();
        let mut form = vec![
            ("Action", "AssumeRole"),
            ("Version", "2011-06-15"),
            ("RoleArn", &self.arn),
            ("RoleSessionName", "weir"),
            ("DurationSeconds", &duration),
        ];
        if let Some(id) = &self.external_id {
            form.push(("ExternalId", id));
        }
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let target = Target {
            url: &self.url,
            service: "sts",
            region: &self.region,
        };
        let kind = "application/x-www-form-urlencoded; charset=utf-8";
        let answer = wire
            .post(target, keys, kind, body)
            .await
            .map_err(Fault::Broken)?;
        if answer.status != 200 {
            return Err(Fault::Refused(Refusal::read(&answer)));
        }
        let body: Body = xml(&answer.body)?;
        Ok(body.result.credentials.into())
    }
}

/// Keys as STS and the metadata service give them.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Fetched {
    access_key_id: String,
    secret_access_key: Secret,
    #[serde(alias = "Token")]
    session_token: Secret,
    expiration: Timestamp,
}

impl From<Fetched> for Keys {
    fn from(fetched: Fetched) -> Self {
        Self {
            access_key_id: fetched.access_key_id,
            secret_access_key: fetched.secret_access_key,
            session_token: Some(fetched.session_token),
            expires_at: Some(fetched.expiration),
        }
    }
}

/// The keys of the role of the machine that Weir runs on, by version 2 of its metadata service.
async fn of_machine(wire: &Wire, url: &str) -> Result<Keys, String> {
    const ROLE: &str = "latest/meta-data/iam/security-credentials/";
    let failed = |what: &str, why: &str| {
        format!(
            "{what} of this machine: {why}; Weir has to run on EC2 with an instance profile for that"
        )
    };
    let text = |what: &'static str, answer: Result<Answer, Broken>| match answer {
        Ok(answer) if answer.status == 200 => Ok(answer.body),
        Ok(answer) => Err(failed(what, &format!("HTTP status {}", answer.status))),
        Err(Broken::NotSent(why) | Broken::Lost(why)) => Err(failed(what, &why)),
    };
    let http = wire.http();
    let ask = http
        .put(format!("{url}/latest/api/token"))
        .header("x-aws-ec2-metadata-token-ttl-seconds", "60");
    let token = text("the metadata service", wire.send(ask).await)?;
    let get = |path: &str| {
        http.get(format!("{url}/{path}"))
            .header("x-aws-ec2-metadata-token", &token)
    };
    let roles = text("the role", wire.send(get(ROLE)).await)?;
    let role = roles.lines().next().unwrap_or_default().trim();
    if role.is_empty() {
        return Err(failed("the role", "there is none"));
    }
    let keys = text(
        "the role's keys",
        wire.send(get(&format!("{ROLE}{role}"))).await,
    )?;
    let fetched: Fetched = serde_json::from_str(&keys).map_err(|source| {
        failed(
            "the role's keys",
            &format!("they cannot be read ({source})"),
        )
    })?;
    Ok(fetched.into())
}
