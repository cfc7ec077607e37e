//! One signed HTTP request, and what became of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials as SigningKeys;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use domain::clock::Clock;
use domain::secret::Secret;
use domain::timestamp::Timestamp;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};

use crate::ProviderError;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a call may take. The loop gives up on a whole create after a minute.
const CALL: Duration = Duration::from_secs(50);

/// What calls are signed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Keys {
    pub(super) access_key_id: String,
    pub(super) secret_access_key: Secret,
    pub(super) session_token: Option<Secret>,
    /// When they are of no use any more; none if never.
    pub(super) expires_at: Option<Timestamp>,
}

/// Where a request goes: a service of a region.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) url: &'a str,
    /// AWS's word for the service (`ec2`).
    pub(super) service: &'a str,
    pub(super) region: &'a str,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) retry_after_secs: Option<u32>,
    pub(super) body: String,
}

/// Why nothing came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Broken {
    /// The request was never sent: it certainly had no effect.
    NotSent(String),
    /// It was sent, and the answer was lost.
    Lost(String),
}

/// The HTTP client.
#[derive(Clone)]
pub(super) struct Wire {
    http: reqwest::Client,
    pub(super) clock: Arc<dyn Clock>,
}

impl Wire {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Result<Self, ProviderError> {
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .timeout(CALL)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent("weir")
            .build()
            .map_err(|source| {
                ProviderError::Unavailable(format!("no HTTP client: {}", chain(&source)))
            })?;
        Ok(Self { http, clock })
    }

    /// Sends a signed text of this kind.
    pub(super) async fn post(
        &self,
        target: Target<'_>,
        keys: &Keys,
        kind: &str,
        body: String,
    ) -> Result<Answer, Broken> {
        self.post_with(
            target,
            keys,
            &BTreeMap::from([(CONTENT_TYPE.as_str(), kind)]),
            body,
        )
        .await
    }

    /// Sends a signed text with these headers.
    pub(super) async fn post_with(
        &self,
        target: Target<'_>,
        keys: &Keys,
        headers: &BTreeMap<&str, &str>,
        body: String,
    ) -> Result<Answer, Broken> {
        let signed = signature(target, keys, headers, &body, self.clock.now())
            .map_err(|why| Broken::NotSent(format!("the call cannot be signed: {why}")))?;
        let mut request = self.http.post(target.url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        for (name, value) in &signed {
            request = request.header(*name, value);
        }
        self.send(request.body(body)).await
    }

    /// Sends a request as it is.
    pub(super) async fn send(&self, request: reqwest::RequestBuilder) -> Result<Answer, Broken> {
        let response = request.send().await.map_err(|source| {
            let is_connect = source.is_connect();
            let text = chain(&source.without_url());
            if is_connect {
                Broken::NotSent(text)
            } else {
                Broken::Lost(text)
            }
        })?;
        let status = response.status().as_u16();
        let retry_after = response.headers().get(RETRY_AFTER);
        let retry_after_secs =
            retry_after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let body = response
            .text()
            .await
            .map_err(|source| Broken::Lost(chain(&source.without_url())))?;
        Ok(Answer {
            status,
            retry_after_secs,
            body,
        })
    }

    /// The client, for requests that are not signed.
    pub(super) const fn http(&self) -> &reqwest::Client {
        &self.http
    }
}

/// The headers that a signature adds.
fn signature(
    target: Target<'_>,
    keys: &Keys,
    headers: &BTreeMap<&str, &str>,
    body: &str,
    now: Timestamp,
) -> Result<Vec<(&'static str, String)>, String> {
    let token = keys
        .session_token
        .as_ref()
        .map(|token| token.expose().to_owned());
    let secret = keys.secret_access_key.expose();
    let identity = SigningKeys::new(&*keys.access_key_id, secret, token, None, "weir").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(target.region)
        .name(target.service)
        .time(system_time(now))
        .settings(SigningSettings::default())
        .build()
        .map_err(|source| chain(&source))?
        .into();
    let headers = headers.iter().map(|(name, value)| (*name, *value));
    let body = SignableBody::Bytes(body.as_bytes());
    let request = SignableRequest::new("POST", target.url, headers, body);
    let signed = request.and_then(|request| sign(request, &params));
    let (instructions, _) = signed.map_err(|source| chain(&source))?.into_parts();
    let (headers, _) = instructions.into_parts();
    Ok(headers
        .into_iter()
        .map(|header| (header.name(), header.value().to_owned()))
        .collect())
}

fn system_time(time: Timestamp) -> SystemTime {
    let millis = u64::try_from(time.millis()).unwrap_or_default();
    UNIX_EPOCH + Duration::from_millis(millis)
}

/// An error with its causes, in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.ends_with(&said) {
            text = format!("{text}: {said}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_aws_own_example() {
        // The example "post-x-www-form-urlencoded" of AWS's test suite for signature version 4.
        let keys = Keys {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            session_token: None,
            expires_at: None,
        };
        let target = Target {
            url: "https://example.amazonaws.com/",
            service: "service",
            region: "us-east-1",
        };
        let headers = BTreeMap::from([("content-type", "application/x-www-form-urlencoded")]);
        let now = "2015-08-30T12:36:00.000Z".parse().expect("a time");
        let signed = signature(target, &keys, &headers, "Param1=value1", now).expect("signed");
        let header = |name: &str| {
            signed
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.as_str())
        };
        assert_eq!(header("x-amz-date"), Some("20150830T123600Z"));
        assert_eq!(
            header("authorization"),
            Some(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                 SignedHeaders=content-type;host;x-amz-date, \
                 Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
            )
        );
    }
}
