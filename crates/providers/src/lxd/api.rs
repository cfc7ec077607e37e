//! The REST API that LXD and Incus share, as far as machines need it.

use std::time::Duration;

use domain::secret::Secret;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Certificate, Client, Identity, Method, RequestBuilder, Response, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::config::{CLIENT_KEY, LxdAddress, LxdConfig};
use super::refusal;
use crate::ProviderError;

/// For a connection, and for an answer that nothing has to be done for.
const PATIENCE: Duration = Duration::from_secs(10);

/// As long as one operation may take, in seconds: with two of them a create call stays below the loop's own limit.
const OPERATION_SECS: u64 = 25;

/// A daemon, and one project in it.
pub(super) struct Api {
    client: Client,
    base: Url,
    project: String,
}

/// What the daemon answers with, whatever was asked.
#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    operation: String,
    #[serde(default)]
    error_code: u16,
    #[serde(default)]
    error: String,
    #[serde(default)]
    metadata: Value,
}

/// Something that takes the daemon a while.
#[derive(Deserialize)]
struct Operation {
    id: String,
    status_code: u16,
    #[serde(default)]
    err: String,
    #[serde(default)]
    resources: Option<Value>,
}

impl Operation {
    /// The code of one that has not ended.
    const RUNNING: u16 = 103;
    const SUCCESS: u16 = 200;
}

/// A file to write into a machine.
pub(super) struct NewFile<'a> {
    pub path: &'a str,
    pub uid: u32,
    pub gid: u32,
    /// Its content; none for a folder.
    pub content: Option<String>,
}

impl Api {
    /// Connects to nothing yet.
    pub fn new(config: &LxdConfig, key: Option<&Secret>) -> Result<Self, ProviderError> {
        let builder = Client::builder()
            .connect_timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy();
        let (builder, base) = match &config.address {
            // A connection each: LXD lets nobody else in on its socket while a new connection says nothing, and a pool opens
            // some to have them at hand.
            LxdAddress::Socket(path) => (
                builder.unix_socket(path.as_str()).pool_max_idle_per_host(0),
                "http://daemon".to_owned(),
            ),
            LxdAddress::Https(authority) => {
                let text = |text: &Option<String>| text.clone().unwrap_or_default();
                let server =
                    Certificate::from_pem_bundle(text(&config.server_certificate).as_bytes())
                        .map_err(|error| wrong("server_certificate", &error))?;
                let pem = format!(
                    "{}\n{}\n",
                    text(&config.client_certificate),
                    key.map_or("", |key| key.expose())
                );
                let client = Identity::from_pem(pem.as_bytes())
                    .map_err(|error| wrong(CLIENT_KEY, &error))?;
                // The certificate itself is what is trusted, and the daemon's own seldom names the address it is reached at.
                let builder = builder
                    .tls_certs_only(server)
                    .tls_danger_accept_invalid_hostnames(true)
                    .identity(client);
                (builder, format!("https://{authority}"))
            }
        };
        Ok(Self {
            client: builder
                .build()
                .map_err(|error| wrong("client_certificate", &error))?,
            base: base.parse().map_err(|error| ProviderError::Invalid {
                field: "address".to_owned(),
                text: format!("{error}"),
            })?,
            project: config.project.clone(),
        })
    }

    /// What lies at a path below `/1.0`, in the project.
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, ProviderError> {
        let request = self.client.get(self.url(path, query)).timeout(PATIENCE * 3);
        let answer = answer(send(request, false).await?, false).await?;
        serde_json::from_value(answer.metadata).map_err(|error| {
            ProviderError::Unavailable(format!("its answer is not understood: {error}"))
        })
    }

    /// The bytes at a path below `/1.0`.
    pub async fn bytes(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Vec<u8>, ProviderError> {
        let request = self.client.get(self.url(path, query)).timeout(PATIENCE);
        let response = send(request, false).await?;
        if !response.status().is_success() {
            return Err(answer(response, false).await.err().unwrap_or_else(|| {
                ProviderError::Unavailable("it refuses a file and does not say why".to_owned())
            }));
        }
        let bytes = response.bytes().await;
        bytes
            .map(|bytes| bytes.to_vec())
            .map_err(|error| refusal::lost(&error, false))
    }

    /// Changes something, and waits until that is done.
    ///
    /// # Errors
    /// [`ProviderError::Unknown`] if it is not done in time, or nobody says whether it is.
    pub async fn change(
        &self,
        method: Method,
        path: &[&str],
        body: &Value,
    ) -> Result<(), ProviderError> {
        let request = self
            .client
            .request(method, self.url(path, &[]))
            .timeout(PATIENCE)
            .header(CONTENT_TYPE, "application/json")
            .body(body.to_string());
        let answer = answer(send(request, true).await?, true).await?;
        if answer.kind != "async" {
            return Ok(());
        }
        let id = answer.operation.rsplit('/').next().unwrap_or_default();
        let done = self.wait(id).await.map_err(|error| {
            // The change was accepted: whatever happens now, its end is not known.
            ProviderError::Unknown(error.to_string())
        })?;
        match done.status_code {
            Operation::SUCCESS => Ok(()),
            Operation::RUNNING => Err(ProviderError::Unknown(format!(
                "it was not done after {OPERATION_SECS} s"
            ))),
            code => Err(refusal::meaning(code, &done.err)),
        }
    }

    /// Waits for whatever the daemon does with this machine now.
    pub async fn settle(&self, name: &str) -> Result<(), ProviderError> {
        let path = format!("/1.0/instances/{name}");
        let by_status: std::collections::BTreeMap<String, Vec<Operation>> =
            self.get(&["operations"], &[("recursion", "1")]).await?;
        let is_about_it = |operation: &Operation| {
            let resources = operation.resources.as_ref();
            let named = resources.and_then(|it| it["instances"].as_array());
            named.is_some_and(|named| {
                named
                    .iter()
                    .filter_map(Value::as_str)
                    .any(|it| it.split('?').next() == Some(&path))
            })
        };
        for operation in by_status.into_values().flatten() {
            if operation.status_code == Operation::RUNNING && is_about_it(&operation) {
                // One that has just ended is not known any more.
                match self.wait(&operation.id).await {
                    Ok(_) | Err(ProviderError::NotFound(_)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Writes a file or makes a folder in a machine, for its owner alone.
    pub async fn write(&self, machine: &str, file: NewFile<'_>) -> Result<(), ProviderError> {
        let url = self.url(&["instances", machine, "files"], &[("path", file.path)]);
        let (kind, mode) = match file.content {
            Some(_) => ("file", "0600"),
            None => ("directory", "0700"),
        };
        // Any other type than this one, a form's, and the daemon takes the content for parameters.
        let mut request = self
            .client
            .post(url)
            .timeout(PATIENCE)
            .header(CONTENT_TYPE, "application/octet-stream");
        for maker in ["LXD", "Incus"] {
            request = request
                .header(format!("X-{maker}-type"), kind)
                .header(format!("X-{maker}-mode"), mode)
                .header(format!("X-{maker}-uid"), file.uid)
                .header(format!("X-{maker}-gid"), file.gid)
                .header(format!("X-{maker}-write"), "overwrite");
        }
        let request = request.body(file.content.unwrap_or_default());
        answer(send(request, true).await?, true).await.map(drop)
    }

    async fn wait(&self, id: &str) -> Result<Operation, ProviderError> {
        let seconds = OPERATION_SECS.to_string();
        let url = self.url(&["operations", id, "wait"], &[("timeout", &seconds)]);
        let request = self
            .client
            .get(url)
            .timeout(PATIENCE + Duration::from_secs(OPERATION_SECS));
        let answer = answer(send(request, false).await?, false).await?;
        serde_json::from_value(answer.metadata).map_err(|error| {
            ProviderError::Unavailable(format!("its operation is not understood: {error}"))
        })
    }

    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        // Fails for addresses without a path, such as `mailto:`, which this one is not.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.clear().push("1.0").extend(path);
        }
        url.query_pairs_mut()
            .append_pair("project", &self.project)
            .extend_pairs(query);
        url
    }
}

async fn send(request: RequestBuilder, is_change: bool) -> Result<Response, ProviderError> {
    request
        .send()
        .await
        .map_err(|error| refusal::lost(&error, is_change))
}

/// Reads an answer; an error if it is one.
async fn answer(response: Response, is_change: bool) -> Result<Answer, ProviderError> {
    let status = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER).cloned();
    let text = response
        .text()
        .await
        .map_err(|error| refusal::lost(&error, is_change))?;
    let Ok(answer) = serde_json::from_str::<Answer>(&text) else {
        let refused = refusal::meaning(status, &text);
        return Err(if status < 400 && !is_change {
            ProviderError::Unavailable("its answer is not LXD's or Incus'".to_owned())
        } else {
            refused
        });
    };
    if answer.kind != "error" {
        return Ok(answer);
    }
    let code = if answer.error_code == 0 {
        status
    } else {
        answer.error_code
    };
    Err(match refusal::meaning(code, &answer.error) {
        ProviderError::Throttled { .. } => ProviderError::Throttled {
            retry_after_secs: retry_after
                .and_then(|value| value.to_str().ok()?.trim().parse().ok()),
        },
        ProviderError::Unknown(text) if !is_change => ProviderError::Unavailable(text),
        error => error,
    })
}

fn wrong(field: &str, error: &reqwest::Error) -> ProviderError {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    ProviderError::Invalid {
        field: field.to_owned(),
        text: cause.unwrap_or_else(|| error.to_string()),
    }
}
