//! The proxy before a real moto, as a caller that speaks EC2's protocol sees it.

use std::collections::BTreeSet;

use fault_proxy::{DeadState, Fault, FaultProxy, Rule, Settings, What};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A proxy of its own before the moto of the test run.
async fn proxy(settings: Settings) -> FaultProxy {
    let moto = std::env::var("WEIR_TEST_MOTO").expect(
        "WEIR_TEST_MOTO names no moto; `cargo xtask test \"cargo test\"` starts one and sets it",
    );
    FaultProxy::start(&moto, settings)
        .await
        .expect("two free ports")
}

/// What came back: the status line and headers, and the body; nothing if the connection ended first.
async fn post(url: &str, body: &str) -> Option<(String, String)> {
    let address = url.strip_prefix("http://").expect("a URL");
    let mut stream = TcpStream::connect(address)
        .await
        .expect("the proxy listens");
    let request = format!(
        "POST / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=K/20261128/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=0\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream
        .write_all(request.as_bytes())
        .await
        .expect("it is taken");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.to_owned(), body.to_owned()))
}

/// A create call of a server.
fn create(server: &str, token: &str) -> String {
    format!(
        "Action=RunInstances&Version=2016-11-15&ImageId=ami-12c6146b&InstanceType=t3.micro&MinCount=1&MaxCount=1&\
         ClientToken={token}&TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=weir%3Aserver&\
         TagSpecification.1.Tag.1.Value={server}"
    )
}

/// The instances that a list of one server shows.
async fn list(proxy: &FaultProxy, server: &str) -> BTreeSet<String> {
    let body = format!(
        "Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=tag%3Aweir%3Aserver&Filter.1.Value.1={server}"
    );
    let (_, text) = post(&proxy.url(), &body).await.expect("an answer");
    ids(&text)
}

fn ids(text: &str) -> BTreeSet<String> {
    let parts = text.split("<instanceId>").skip(1);
    parts
        .filter_map(|part| part.split('<').next())
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn a_token_makes_one_instance() {
    let proxy = proxy(Settings::default()).await;
    let first = post(&proxy.url(), &create("one", "token-1"))
        .await
        .expect("an answer");
    let again = post(&proxy.url(), &create("one", "token-1"))
        .await
        .expect("an answer");
    assert_eq!(ids(&first.1), ids(&again.1));
    assert_eq!(
        (proxy.counts().made, list(&proxy, "one").await.len()),
        (1, 1)
    );

    let other = format!("{}&UserData=YQ%3D%3D", create("one", "token-1"));
    let (head, body) = post(&proxy.url(), &other).await.expect("an answer");
    assert!(
        head.starts_with("HTTP/1.1 400") && body.contains("IdempotentParameterMismatch"),
        "{body}"
    );
    assert_eq!(proxy.counts().mismatches, 1);

    let machine = ids(&first.1).pop_first().expect("an instance");
    let end = format!("Action=TerminateInstances&Version=2016-11-15&InstanceId.1={machine}");
    post(&proxy.url(), &end).await.expect("an answer");
    let (_, body) = post(&proxy.url(), &create("one", "token-1"))
        .await
        .expect("an answer");
    assert!(body.contains("IdempotentInstanceTerminated"), "{body}");
    assert_eq!((proxy.counts().alive, proxy.counts().most_alive), (0, 1));
}

#[tokio::test]
async fn a_lost_answer_has_its_effect_and_a_dropped_call_has_none() {
    let proxy = proxy(Settings::default()).await;
    proxy.arm(Rule::new("RunInstances", 1, Fault::DropBefore));
    proxy.arm(Rule::new("RunInstances", 1, Fault::DropAfter));
    assert_eq!(post(&proxy.url(), &create("lost", "token-2")).await, None);
    assert_eq!(proxy.counts().made, 0);
    assert_eq!(post(&proxy.url(), &create("lost", "token-2")).await, None);
    assert_eq!(proxy.counts().made, 1);
    assert_eq!(list(&proxy, "lost").await.len(), 1);
    let (_, body) = post(&proxy.url(), &create("lost", "token-2"))
        .await
        .expect("an answer");
    assert_eq!(ids(&body), list(&proxy, "lost").await);
    let what: Vec<_> = proxy
        .journal()
        .into_iter()
        .map(|event| event.what)
        .collect();
    assert!(
        matches!(
            what[..],
            [
                What::Fault { .. },
                What::Fault { .. },
                What::Made { .. },
                What::Repeated { .. }
            ]
        ),
        "{what:?}"
    );
}

#[tokio::test]
async fn errors_are_ec2s() {
    let proxy = proxy(Settings::default()).await;
    for (fault, status) in [
        (Fault::error("InsufficientInstanceCapacity"), "500"),
        (Fault::error("VcpuLimitExceeded"), "400"),
        (Fault::error("AuthFailure"), "401"),
        (
            Fault::Error {
                code: "RequestLimitExceeded".to_owned(),
                retry_after_secs: Some(7),
            },
            "503",
        ),
    ] {
        let word = fault.word().to_owned();
        proxy.arm(Rule::new("RunInstances", 1, fault));
        let (head, body) = post(&proxy.url(), &create("none", "token-3"))
            .await
            .expect("an answer");
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{head}");
        assert!(body.contains(&format!("<Code>{word}</Code>")), "{body}");
        assert_eq!(
            head.to_lowercase().contains("retry-after: 7"),
            status == "503"
        );
    }
    assert_eq!(proxy.counts().made, 0);
    assert_eq!(proxy.counts().faults["AuthFailure"], 1);
}

#[tokio::test]
async fn lists_lag_and_lose_pages() {
    let proxy = proxy(Settings {
        list_lag_millis: 3_600_000,
        page_size: 5,
    })
    .await;
    post(&proxy.url(), &create("late", "token-4"))
        .await
        .expect("an answer");
    assert_eq!(list(&proxy, "late").await.len(), 0, "not listed yet");
    proxy.set(Settings {
        list_lag_millis: 0,
        page_size: 5,
    });
    for number in 0..6 {
        post(&proxy.url(), &create("paged", &format!("token-5-{number}")))
            .await
            .expect("an answer");
    }
    let pages = "Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=tag%3Aweir%3Aserver&Filter.1.Value.1=paged";
    let (_, body) = post(&proxy.url(), pages).await.expect("an answer");
    assert!(ids(&body).len() == 5 && body.contains("<nextToken>"));
    proxy.arm(Rule::new("DescribeInstances", 1, Fault::PageMissing));
    let (_, body) = post(&proxy.url(), pages).await.expect("an answer");
    assert!(ids(&body).len() == 5 && !body.contains("<nextToken>"));
    proxy.arm(Rule::new("DescribeInstances", 1, Fault::Truncated));
    let (_, body) = post(&proxy.url(), pages).await.expect("an answer");
    assert!(!body.contains("</DescribeInstancesResponse>"));
}

#[tokio::test]
async fn an_instance_fails_after_it_was_made() {
    let proxy = proxy(Settings::default()).await;
    for (state, name) in [
        (DeadState::Terminated, "terminated"),
        (DeadState::Stopped, "stopped"),
    ] {
        let fault = Fault::FailsLater {
            state,
            after_millis: 0,
        };
        proxy.arm(Rule::new("RunInstances", 1, fault));
        let (head, _) = post(&proxy.url(), &create(name, name))
            .await
            .expect("an answer");
        assert!(head.starts_with("HTTP/1.1 200"), "the call itself works");
        let body = format!(
            "Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=tag%3Aweir%3Aserver&Filter.1.Value.1={name}"
        );
        let (_, text) = post(&proxy.url(), &body).await.expect("an answer");
        assert!(text.contains(&format!("<name>{name}</name>")), "{text}");
        assert!(
            text.contains("<code>Server.InsufficientInstanceCapacity</code>"),
            "{text}"
        );
    }
    assert_eq!(proxy.counts().alive, 1, "a stopped one costs money");
}

#[tokio::test]
async fn orders_come_by_http_too() {
    let proxy = proxy(Settings::default()).await;
    let control = proxy.control_url();
    let order = |method: &'static str, path: &'static str, body: &'static str| {
        let control = control.clone();
        async move {
            let address = control.strip_prefix("http://").expect("a URL");
            let mut stream = TcpStream::connect(address).await.expect("it listens");
            let request = format!(
                "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            stream
                .write_all(request.as_bytes())
                .await
                .expect("it is taken");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.expect("an answer");
            answer
        }
    };
    let rule = r#"{"action":"RunInstances","fault":{"kind":"error","code":"InsufficientInstanceCapacity"}}"#;
    assert!(
        order("POST", "/rules", rule)
            .await
            .starts_with("HTTP/1.1 204")
    );
    let (_, body) = post(&proxy.url(), &create("by-http", "token-6"))
        .await
        .expect("an answer");
    assert!(body.contains("InsufficientInstanceCapacity"));
    assert!(
        order("GET", "/counts", "")
            .await
            .contains("\"InsufficientInstanceCapacity\":1")
    );
    let chaos = r#"{"seed":1,"chances":[{"action":"RunInstances","per_mille":1000,"fault":{"kind":"drop_before"}}]}"#;
    assert!(
        order("PUT", "/chaos", chaos)
            .await
            .starts_with("HTTP/1.1 204")
    );
    assert_eq!(
        post(&proxy.url(), &create("by-http", "token-7")).await,
        None
    );
    assert!(
        order("DELETE", "/rules", "")
            .await
            .starts_with("HTTP/1.1 204")
    );
    post(&proxy.url(), &create("by-http", "token-7"))
        .await
        .expect("an answer");
    assert!(
        order("GET", "/journal", "")
            .await
            .contains("\"what\":\"made\"")
    );
    assert!(
        order("GET", "/machines", "")
            .await
            .contains("\"weir:server\":\"by-http\"")
    );
    assert!(
        order("PUT", "/settings", r#"{"page_sise":1}"#)
            .await
            .starts_with("HTTP/1.1 422")
    );
}
