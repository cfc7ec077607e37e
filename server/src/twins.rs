//! The UI has no private powers: every server function of the pages has a twin in REST that does the same, refuses the
//! same, and for the same reason. Set-up, sign-in, launch, cancel and the end of a pause are plain form posts, which work
//! without WASM, and no server functions.

use std::collections::BTreeSet;
use std::fmt::Display;

use axum::body::Body;
use axum::http::{Request, header};
use domain::id::{
    ApiKeyId, ConfigId, DecisionId, DraftId, LdapConfigId, OrphanId, PoolId, ProviderId, ServerId,
};
use domain::id::{SessionId, SshKeyId, UserId, ZoneId};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::testing::{Answer, Made, TestApp};

/// Where server functions are found.
const PREFIX: &str = "/ui/fn/";

/// A server function and what does the same in REST.
struct Twin {
    function: String,
    /// As the API's description names it: `PUT /zones/{id}`.
    operation: String,
    asks: Vec<Ask>,
}

/// One request in the words of both. Where it could change something it is one that is refused.
struct Ask {
    args: Value,
    uri: String,
    seen: Option<i64>,
    body: Option<Value>,
}

impl Ask {
    fn new(args: Value, uri: impl Into<String>) -> Self {
        Self {
            args,
            uri: uri.into(),
            seen: None,
            body: None,
        }
    }

    fn seen(self, version: i64) -> Self {
        Self {
            seen: Some(version),
            ..self
        }
    }

    fn body(self, body: Value) -> Self {
        Self {
            body: Some(body),
            ..self
        }
    }
}

fn twin(function: &str, operation: &str, asks: impl Into<Vec<Ask>>) -> Twin {
    Twin {
        function: function.to_owned(),
        operation: operation.to_owned(),
        asks: asks.into(),
    }
}

/// What admins configure: listed, looked at, made, changed and deleted.
struct Noun {
    /// What its server functions begin with.
    name: &'static str,
    collection: &'static str,
    list: Ask,
    there: String,
    missing: String,
    /// Could be saved.
    good: Value,
    /// Could not.
    bad: Value,
}

fn noun(noun: Noun) -> [Twin; 5] {
    let Noun {
        name,
        collection,
        list,
        there,
        missing,
        good,
        bad,
    } = noun;
    let (one, of) = (format!("{collection}/{{id}}"), |id: &str| {
        format!("{collection}/{id}")
    });
    // People's arguments lie flat, as their password is no part of what the browser may read.
    let with = |mut args: Value, input: &Value| {
        if name == "user" {
            for (key, value) in input.as_object().into_iter().flatten() {
                args[key] = value.clone();
            }
        } else {
            args["input"] = input.clone();
        }
        args
    };
    let replace = |id: &str, seen: i64, input: &Value| {
        let args = with(json!({ "id": id, "seen": seen }), input);
        Ask::new(args, of(id)).seen(seen).body(input.clone())
    };
    let delete =
        |id: &str, seen: i64| Ask::new(json!({ "id": id, "seen": seen }), of(id)).seen(seen);
    let get = |id: &str| Ask::new(json!({ "id": id }), of(id));
    let function = |verb: &str| format!("{name}_{verb}");
    [
        twin(&function("list"), &format!("GET {collection}"), [list]),
        twin(
            &function("get"),
            &format!("GET {one}"),
            [get(&there), get(&missing)],
        ),
        twin(
            &function("create"),
            &format!("POST {collection}"),
            [Ask::new(with(json!({}), &bad), collection).body(bad.clone())],
        ),
        twin(
            &function("replace"),
            &format!("PUT {one}"),
            [
                replace(&there, 1, &bad),
                replace(&there, 99, &good),
                replace(&missing, 1, &good),
            ],
        ),
        twin(
            &function("delete"),
            &format!("DELETE {one}"),
            [delete(&there, 99), delete(&missing, 1)],
        ),
    ]
}

/// What is there when the twins are asked.
struct World {
    app: TestApp,
    made: Made,
    ldap: String,
    ldap_document: Value,
    session: String,
}

impl World {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let made = app
            .pool("desks", json!({ "aggressive_scaling": true }))
            .await;
        let ldap_document = json!({
            "name": "Corp", "url": "ldaps://dc1.corp.example", "search_base": "DC=corp,DC=example",
            "service_account_dn": "CN=weir,DC=corp,DC=example", "service_account_password": "hunter2",
        });
        let ldap = app
            .admin("POST", "/ldap-configs", Some(ldap_document.clone()))
            .await
            .expect(201)
            .member("id");
        // Stands where the demo would make its own.
        let zone = json!({ "name": "This machine", "upstream_auth_address": "weir.example" });
        app.admin("POST", "/zones", Some(zone)).await.expect(201);
        let request = json!({ "pool_id": made.pool });
        let session = app
            .admin("POST", "/sessions", Some(request))
            .await
            .expect(202)
            .member("id");
        Self {
            app,
            made,
            ldap,
            ldap_document,
            session,
        }
    }

    fn nouns(&self) -> [Noun; 6] {
        let Self { app, made, .. } = self;
        let (none, whole) = (
            || json!({}),
            |collection: &str| format!("{collection}?limit=200"),
        );
        [
            Noun {
                name: "zone",
                collection: "/zones",
                list: Ask::new(none(), whole("/zones")),
                there: made.zone.clone(),
                missing: missing(ZoneId::from_uuid),
                good: json!({ "name": "There", "upstream_auth_address": "weir.example" }),
                bad: json!({ "name": "", "upstream_auth_address": "no address" }),
            },
            Noun {
                name: "pool",
                collection: "/pools",
                list: Ask::new(none(), whole("/pools")),
                there: made.pool.clone(),
                missing: missing(PoolId::from_uuid),
                good: json!({ "name": "Shells" }),
                bad: json!({ "name": " ", "apps": [{ "key": "A b", "name": "", "program": "" }] }),
            },
            Noun {
                name: "provider",
                collection: "/providers",
                list: Ask::new(none(), whole("/providers")),
                there: made.provider.clone(),
                missing: missing(ProviderId::from_uuid),
                good: json!({ "name": "Cloud", "kind": "fake", "max_instances": 1 }),
                bad: json!({
                    "name": "", "kind": "fake", "max_instances": 0, "startup_script": "{nonsense}",
                    "settings": { "boot_millis": "soon" },
                }),
            },
            Noun {
                name: "ldap_config",
                collection: "/ldap-configs",
                list: Ask::new(none(), whole("/ldap-configs")),
                there: self.ldap.clone(),
                missing: missing(LdapConfigId::from_uuid),
                good: self.ldap_document.clone(),
                bad: json!({ "name": "", "url": "https://corp.example" }),
            },
            Noun {
                name: "autoscale",
                collection: "/autoscale-configs",
                list: Ask::new(
                    json!({ "pool": made.pool }),
                    format!("/autoscale-configs?pool_id={}&limit=200", made.pool),
                ),
                there: made.config.clone(),
                missing: missing(ConfigId::from_uuid),
                good: made.document.clone(),
                bad: json!({ "name": "", "connection_type": "telnet" }),
            },
            Noun {
                name: "user",
                collection: "/users",
                list: Ask::new(none(), whole("/users")),
                there: app.admin.id.to_string(),
                missing: missing(UserId::from_uuid),
                good: json!({ "name": "eva", "role": "admin", "password": null }),
                bad: json!({ "name": "Two Words", "role": "user", "password": "short" }),
            },
        ]
    }

    /// The table: a server function that is not in it has a power that REST has not.
    fn twins(&self) -> Vec<Twin> {
        let provider = missing(ProviderId::from_uuid);
        let mut twins: Vec<Twin> = self.nouns().into_iter().flat_map(noun).collect();
        twins.extend(of_the_deployment());
        twins.extend([
            twin("me", "GET /me", []),
            twin(
                "audit_list",
                "GET /audit",
                [
                    Ask::new(
                        json!({ "target": null, "by_people": true, "cursor": null, "limit": 2 }),
                        "/audit?by_people=true&limit=2",
                    ),
                    Ask::new(
                        json!({ "target": self.made.pool, "by_people": false, "cursor": null, "limit": null }),
                        format!("/audit?target={}", self.made.pool),
                    ),
                    Ask::new(
                        json!({ "target": "Here", "by_people": true, "cursor": null, "limit": null }),
                        "/audit?by_people=true&target=Here",
                    ),
                ],
            ),
            twin(
                "demo_create",
                "POST /pools/demo",
                [Ask::new(json!({}), "/pools/demo")],
            ),
            twin(
                "demo_get",
                "GET /pools/demo",
                [Ask::new(json!({}), "/pools/demo")],
            ),
            of_demo("demo_visitors", "visitors"),
            of_demo("demo_break", "break"),
            of_demo("demo_read_why", "read-why"),
            of_demo("demo_dismiss", "dismiss"),
            of_demo("demo_remove", "remove"),
            twin(
                "pool_capacity",
                "GET /pools/{id}/capacity",
                [(&self.made.pool, 0), (&missing(PoolId::from_uuid), 1)].map(|(id, hours)| {
                    Ask::new(
                        json!({ "id": id, "hours": hours }),
                        format!("/pools/{id}/capacity?hours={hours}"),
                    )
                }),
            ),
            twin(
                "pool_starts_get",
                "GET /pools/{id}/starts",
                [&self.made.pool, &missing(PoolId::from_uuid)]
                    .map(|id| by_id(id, "/pools", "/starts")),
            ),
            twin(
                "pool_lines",
                "GET /capacity",
                [Ask::new(json!({}), "/capacity?limit=200")],
            ),
            twin(
                "provider_test",
                "POST /providers/{id}/test",
                [by_id(&provider, "/providers", "/test")],
            ),
            twin(
                "provider_choice_list",
                "POST /providers/choices",
                [
                    json!({ "kind": "local", "settings": {} }),
                    json!({ "kind": "fake", "settings": { "boot_millis": -1 } }),
                ]
                .map(|input| {
                    Ask::new(json!({ "input": input }), "/providers/choices").body(input)
                }),
            ),
        ]);
        twins.extend(self.autoscale());
        twins.extend(self.servers());
        twins.extend(Self::orphans());
        twins.extend(self.sessions());
        twins.extend(drafts());
        twins.extend(keys());
        twins
    }

    fn autoscale(&self) -> [Twin; 7] {
        let (pool, document) = (&self.made.pool, &self.made.document);
        let there = &self.made.config;
        let bad = json!({ "name": "", "connection_type": "telnet" });
        let config = missing(ConfigId::from_uuid);
        let decision = missing(DecisionId::from_uuid);
        let checked = |verb: &str| {
            let uri = format!("/autoscale-configs/{verb}");
            let of_another = format!("{uri}?config_id={config}");
            [
                Ask::new(json!({ "id": null, "input": bad }), uri).body(bad.clone()),
                Ask::new(json!({ "id": config, "input": document }), of_another)
                    .body(document.clone()),
            ]
        };
        [
            twin(
                "autoscale_validate",
                "POST /autoscale-configs/validate",
                checked("validate"),
            ),
            twin(
                "autoscale_plan",
                "POST /autoscale-configs/plan",
                checked("plan"),
            ),
            twin(
                "autoscale_script",
                "POST /autoscale-configs/render-script",
                [
                    (None, "{nonsense}"),
                    (None, "{server_id}"),
                    (Some(&config), "{server_id}"),
                ]
                .map(|(id, template)| {
                    let query = id.map_or(String::new(), |id| format!("?config_id={id}"));
                    let uri = format!("/autoscale-configs/render-script{query}");
                    let args = json!({ "id": id, "input": bad, "template": template });
                    Ask::new(args, uri).body(json!({ "config": bad, "template": template }))
                }),
            ),
            twin(
                "autoscale_version_list",
                "GET /autoscale-configs/{id}/versions",
                [(there, None), (there, Some("x")), (&config, None)].map(|(id, cursor)| {
                    let query = cursor.map_or(String::new(), |cursor| format!("?cursor={cursor}"));
                    let args = json!({ "id": id, "cursor": cursor });
                    Ask::new(args, format!("/autoscale-configs/{id}/versions{query}"))
                }),
            ),
            twin(
                "autoscale_restore",
                "POST /autoscale-configs/{id}/versions/{version}/restore",
                [(there, 99, 1), (there, 1, 99), (&config, 1, 1)].map(|(id, seen, version)| {
                    let args = json!({ "id": id, "seen": seen, "version": version });
                    let uri = format!("/autoscale-configs/{id}/versions/{version}/restore");
                    Ask::new(args, uri).seen(seen)
                }),
            ),
            twin(
                "decision_list",
                "GET /decisions",
                [
                    Ask::new(
                        json!({ "pool": pool, "reason": null, "up_to": null, "cursor": null, "limit": 1 }),
                        format!("/decisions?pool_id={pool}&limit=1"),
                    ),
                    Ask::new(
                        json!({ "pool": pool, "reason": "held.enough", "up_to": decision, "cursor": null, "limit": null }),
                        format!("/decisions?pool_id={pool}&reason=held.enough&up_to={decision}"),
                    ),
                ],
            ),
            twin(
                "decision_newest",
                "GET /decisions/newest",
                [Ask::new(json!({}), "/decisions/newest")],
            ),
        ]
    }

    fn servers(&self) -> [Twin; 7] {
        let (pool, server) = (&self.made.pool, missing(ServerId::from_uuid));
        let verb = |verb: &str| {
            let operation = format!("POST /servers/{{id}}/{verb}");
            let ask = by_id(&server, "/servers", &format!("/{verb}"));
            twin(&format!("server_{verb}"), &operation, [ask])
        };
        let delete = |end: bool| {
            let args = json!({ "id": server, "end_sessions": end });
            Ask::new(args, format!("/servers/{server}?end_sessions={end}"))
        };
        [
            twin(
                "server_list",
                "GET /servers",
                [
                    (json!({}), ""),
                    (json!({ "cursor": "x" }), "&cursor=x"),
                    (
                        json!({ "name": "ES", "state": "booting" }),
                        "&name=ES&state=booting",
                    ),
                    (json!({ "state": "Ready" }), "&state=Ready"),
                ]
                .map(|(mut args, query)| {
                    args["pool"] = json!(pool);
                    Ask::new(args, format!("/servers?pool_id={pool}{query}"))
                })
                .into_iter()
                .chain([Ask::new(json!({}), "/servers")])
                .collect::<Vec<_>>(),
            ),
            twin(
                "server_get",
                "GET /servers/{id}",
                [by_id(&server, "/servers", "")],
            ),
            twin(
                "server_history_get",
                "GET /servers/{id}/history",
                [by_id(&server, "/servers", "/history")],
            ),
            twin(
                "server_console_get",
                "GET /servers/{id}/console",
                [by_id(&server, "/servers", "/console")],
            ),
            verb("drain"),
            verb("undrain"),
            twin(
                "server_delete",
                "DELETE /servers/{id}",
                [true, false].map(delete),
            ),
        ]
    }

    fn orphans() -> Vec<Twin> {
        let orphan = missing(OrphanId::from_uuid);
        let verb = |verb: &str| {
            let operation = format!("POST /orphans/{{id}}/{verb}");
            let asks = [true, false].map(|dry_run| {
                let args = json!({ "id": orphan, "dry_run": dry_run });
                Ask::new(args, format!("/orphans/{orphan}/{verb}?dry_run={dry_run}"))
            });
            twin(&format!("orphan_{verb}"), &operation, asks)
        };
        let list = twin(
            "orphan_list",
            "GET /orphans",
            [
                Ask::new(json!({}), "/orphans"),
                Ask::new(json!({ "cursor": "x" }), "/orphans?cursor=x"),
            ],
        );
        let verbs = ["keep", "release", "delete", "adopt"].map(verb);
        std::iter::once(list).chain(verbs).collect()
    }

    fn sessions(&self) -> [Twin; 5] {
        let (pool, me) = (&self.made.pool, self.app.admin.id);
        let server = missing(ServerId::from_uuid);
        let both = [&missing(SessionId::from_uuid), &self.session];
        [
            twin(
                "session_list",
                "GET /sessions",
                [
                    Ask::new(
                        json!({ "pool": pool, "server": null, "waiting": true, "cursor": null }),
                        format!("/sessions?pool_id={pool}&waiting=true"),
                    ),
                    Ask::new(
                        json!({ "pool": null, "server": server, "waiting": null, "cursor": null }),
                        format!("/sessions?server_id={server}"),
                    ),
                    Ask::new(
                        json!({ "pool": pool, "user_name": "A" }),
                        format!("/sessions?pool_id={pool}&user_name=A"),
                    ),
                ],
            ),
            twin(
                "session_mine",
                "GET /sessions",
                [Ask::new(
                    json!({}),
                    format!("/sessions?user_id={me}&limit=200"),
                )],
            ),
            twin(
                "session_get",
                "GET /sessions/{id}",
                both.map(|id| by_id(id, "/sessions", "")),
            ),
            twin(
                "session_end",
                "DELETE /sessions/{id}",
                [by_id(both[0], "/sessions", "")],
            ),
            twin(
                "session_reveal",
                "POST /sessions/{id}/reveal",
                both.map(|id| by_id(id, "/sessions", "/reveal")),
            ),
        ]
    }

    /// As a page asks.
    async fn ask_function(&self, cookie: &str, twin: &Twin, ask: &Ask) -> Answer {
        let path = format!("{PREFIX}{}", twin.function);
        self.send("POST", &path, cookie, None, Some(&ask.args))
            .await
    }

    /// As a program asks; with a cookie, so that it is the same one who asks.
    async fn ask_rest(&self, cookie: &str, twin: &Twin, ask: &Ask) -> Answer {
        let (method, _) = twin.operation.split_once(' ').expect("a method and a path");
        let path = format!("/api/v1{}", ask.uri);
        self.send(method, &path, cookie, ask.seen, ask.body.as_ref())
            .await
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        cookie: &str,
        seen: Option<i64>,
        body: Option<&Value>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::ACCEPT, "application/json")
            .header(header::COOKIE, cookie)
            .header("sec-fetch-site", "same-origin");
        if let Some(seen) = seen {
            request = request.header(header::IF_MATCH, format!("\"v{seen}\""));
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.app.send(request.body(body).expect("a request")).await
    }
}

fn drafts() -> [Twin; 4] {
    let id = missing(DraftId::from_uuid);
    let (good, bad) = (
        json!({ "form": "autoscale", "values": { "name": "Half" } }),
        json!({ "form": "autoscale", "values": { "nonsense": 1 } }),
    );
    let one = format!("/drafts/{id}");
    [
        twin(
            "draft_list",
            "GET /drafts",
            [Ask::new(json!({}), "/drafts")],
        ),
        twin(
            "draft_create",
            "POST /drafts",
            [Ask::new(json!({ "input": bad }), "/drafts").body(bad)],
        ),
        twin(
            "draft_replace",
            "PUT /drafts/{id}",
            [
                Ask::new(json!({ "id": id, "seen": 1, "input": good }), &*one)
                    .seen(1)
                    .body(good),
            ],
        ),
        twin(
            "draft_delete",
            "DELETE /drafts/{id}",
            [by_id(&id, "/drafts", "")],
        ),
    ]
}

/// What is said of the whole deployment, all of it without an argument.
fn of_the_deployment() -> impl Iterator<Item = Twin> {
    [
        ("deployment_get", "GET", "/deployment"),
        ("deployment_pause", "POST", "/deployment/pause"),
        ("deployment_resume", "POST", "/deployment/resume"),
        ("deployment_adopt", "POST", "/deployment/adopt"),
        ("deployment_fork", "POST", "/deployment/fork"),
    ]
    .into_iter()
    .map(|(name, method, path)| {
        let route = format!("{method} {path}");
        twin(name, &route, [Ask::new(json!({}), path)])
    })
}

fn keys() -> Vec<Twin> {
    let no_name = json!({ "name": "", "role": "admin", "user_id": null });
    let no_key = json!({ "name": "", "public_key": "ssh-ed25519 AAAA" });
    let three = |name: &str, uri: &str, list: String, wrong: Value, id: String| {
        [
            twin(
                &format!("{name}_list"),
                &format!("GET {uri}"),
                [Ask::new(json!({}), list)],
            ),
            twin(
                &format!("{name}_create"),
                &format!("POST {uri}"),
                [Ask::new(json!({ "input": wrong }), uri).body(wrong.clone())],
            ),
            twin(
                &format!("{name}_delete"),
                &format!("DELETE {uri}/{{id}}"),
                [by_id(&id, uri, "")],
            ),
        ]
    };
    let api_keys = three(
        "api_key",
        "/api-keys",
        "/api-keys?limit=200".to_owned(),
        no_name,
        missing(ApiKeyId::from_uuid),
    );
    let ssh_keys = three(
        "ssh_key",
        "/ssh-keys",
        "/ssh-keys".to_owned(),
        no_key,
        missing(SshKeyId::from_uuid),
    );
    api_keys.into_iter().chain(ssh_keys).collect()
}

/// The id of something that is not there.
fn missing<T: Display>(wrap: fn(Uuid) -> T) -> String {
    wrap(Uuid::from_u128(1)).to_string()
}

/// What is done to the demo. There is none when the twins are asked.
fn of_demo(function: &str, verb: &str) -> Twin {
    let path = format!("/pools/demo/{verb}");
    let ask = Ask::new(json!({}), path.clone());
    twin(function, &format!("POST {path}"), [ask])
}

fn by_id(id: &str, collection: &str, verb: &str) -> Ask {
    Ask::new(json!({ "id": id }), format!("{collection}/{id}{verb}"))
}

/// What a refusal says: its status, its code, and which fields are wrong in which way.
fn refusal(answer: &Answer) -> Option<Value> {
    let is_refused = answer.status.is_client_error() || answer.status.is_server_error();
    is_refused.then(|| {
        let problem = answer.json();
        json!({ "status": answer.status.as_u16(), "code": problem["code"], "errors": problem["errors"] })
    })
}

#[tokio::test]
async fn every_server_function_has_a_twin() {
    let registered: BTreeSet<String> = leptos::server_fn::axum::server_fn_paths()
        .map(|(path, _)| path.strip_prefix(PREFIX).unwrap_or(path).to_owned())
        .collect();
    assert!(registered.contains("zone_create"), "{registered:?}");
    let twins = World::new().await.twins();
    let named: BTreeSet<String> = twins.iter().map(|twin| twin.function.clone()).collect();
    let without: Vec<_> = registered.difference(&named).collect();
    assert_eq!(without, [""; 0], "server functions without a twin in REST");
    let stale: Vec<_> = named.difference(&registered).collect();
    assert_eq!(stale, [""; 0], "entries for server functions that are gone");

    let description = crate::router::description().expect("the description");
    for twin in &twins {
        let (method, path) = twin.operation.split_once(' ').expect("a method and a path");
        let path = format!("/api/v1{path}");
        let operation = &description["paths"][&path][method.to_lowercase()];
        assert!(operation.is_object(), "no {} in REST", twin.operation);
    }
}

#[tokio::test]
async fn twins_answer_the_same_and_refuse_the_same() {
    let world = World::new().await;
    let people = [
        world.app.sign_in("ada").await,
        world.app.sign_in("ben").await,
        String::new(),
    ];
    for twin in world.twins() {
        for ask in &twin.asks {
            for (cookie, who) in people.iter().zip(["an admin", "a person", "nobody"]) {
                let page = world.ask_function(cookie, &twin, ask).await;
                let rest = world.ask_rest(cookie, &twin, ask).await;
                let what = format!(
                    "{} and {} {} for {who}",
                    twin.function, twin.operation, ask.uri
                );
                assert_eq!(refusal(&page), refusal(&rest), "{what}: {page:?} {rest:?}");
                if refusal(&page).is_none() {
                    assert_eq!(page.json(), rest.json(), "{what}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_call_that_cannot_be_read_is_a_bad_request() {
    let world = World::new().await;
    let cookie = world.app.sign_in("ada").await;
    let twin = twin("zone_get", "GET /zones/{id}", []);
    let ask = Ask::new(json!({ "id": "no id" }), "/zones/no-id");
    let answer = world.ask_function(&cookie, &twin, &ask).await.expect(400);
    assert_eq!(answer.json()["code"], "bad_request");
}

#[tokio::test]
async fn both_know_the_one_who_asks() {
    let world = World::new().await;
    let twin = twin("me", "GET /me", []);
    let ask = Ask::new(json!({}), "/me");
    for (name, is_admin) in [("ada", true), ("ben", false)] {
        let cookie = world.app.sign_in(name).await;
        let page = world
            .ask_function(&cookie, &twin, &ask)
            .await
            .expect(200)
            .json();
        let rest = world
            .ask_rest(&cookie, &twin, &ask)
            .await
            .expect(200)
            .json();
        assert_eq!(
            (&page["id"], &page["name"]),
            (&rest["user_id"], &rest["user_name"])
        );
        assert_eq!(page["is_admin"], rest["role"] == "admin");
        assert_eq!(page["is_admin"], is_admin);
    }
}
