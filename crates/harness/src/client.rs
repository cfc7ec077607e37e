//! The REST API as a client sees it whose server may die at any moment.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use crate::Result;

/// An admin's client of one Weir.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    address: String,
    key: String,
}

/// What came back.
#[derive(Debug, PartialEq)]
pub struct Answer {
    /// The status of HTTP.
    pub status: u16,
    /// The document; null if there was none.
    pub body: Value,
}

impl Client {
    /// A client of the Weir at `address` (`http://127.0.0.1:3000`), to which a request that takes longer than `patience`
    /// has no answer.
    pub fn new(address: &str, key: &str, patience: Duration) -> Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(patience)
            .no_proxy()
            .build();
        Ok(Self {
            http: http.map_err(|source| format!("no client for http: {source}"))?,
            address: address.to_owned(),
            key: key.to_owned(),
        })
    }

    /// The whole answer, or none: then the request may have had its effect or not. So it is where Weir says that it ends
    /// or that its database is away (503).
    pub async fn attempt(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        version: Option<i64>,
    ) -> Option<Answer> {
        let mut request = self
            .http
            .request(method, format!("{}/api/v1{path}", self.address))
            .bearer_auth(&self.key);
        if let Some(version) = version {
            request = request.header("If-Match", format!("\"v{version}\""));
        }
        if let Some(body) = body {
            request = request
                .header("Content-Type", "application/json")
                .body(body.to_string());
        }
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        let text = response.text().await.ok()?;
        (status != 503).then(|| Answer {
            status,
            body: serde_json::from_str(&text).unwrap_or(Value::Null),
        })
    }

    /// The document of an answer that must come and must be good.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let answer = self
            .attempt(method.clone(), path, body, None)
            .await
            .ok_or_else(|| format!("{method} {path} has no answer"))?;
        match answer.status {
            200..300 => Ok(answer.body),
            status => Err(format!(
                "{method} {path} was answered by {status}: {}",
                answer.body
            )),
        }
    }

    /// Makes a row and gives its id.
    pub async fn make(&self, path: &str, body: &Value) -> Result<String> {
        let made = self.call(Method::POST, path, Some(body)).await?;
        id_of(&made)
    }

    /// A whole list, page by page, by id.
    pub async fn items(&self, path: &str) -> Result<BTreeMap<String, Value>> {
        let mut items = BTreeMap::new();
        let mut cursor = String::new();
        loop {
            let joint = if path.contains('?') { '&' } else { '?' };
            let page = format!("{path}{joint}limit=200{cursor}");
            let page = self.call(Method::GET, &page, None).await?;
            for item in page["items"].as_array().into_iter().flatten() {
                // A row that changes its place while the pages are read may be on two of them.
                items.insert(id_of(item)?, item.clone());
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(items),
            }
        }
    }

    /// The figures for operators.
    pub async fn metrics(&self, token: &str) -> Result<String> {
        let request = self
            .http
            .get(format!("{}/metrics", self.address))
            .bearer_auth(token);
        let text = async { request.send().await?.error_for_status()?.text().await };
        text.await.map_err(|source| format!("no figures: {source}"))
    }
}

/// The id that a document has.
pub fn id_of(document: &Value) -> Result<String> {
    document["id"]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| format!("there is no id in {document}"))
}
