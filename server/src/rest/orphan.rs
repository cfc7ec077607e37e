//! Orphans: machines without a row and rows without a machine, and what admins decide about them.

use axum::extract::State;
use domain::error::Problem;
use domain::id::OrphanId;
use domain::orphan::{Orphan, OrphanChange};
use domain::page::Page;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::auth::Caller;
use crate::rest::error::ApiResult;
use crate::rest::json::Json;
use crate::rest::params::{Id, PageParams, Query};
use crate::state::AppState;

/// Whether a change is only tried.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TryParams {
    /// Says what would happen, and changes nothing. What would be refused is refused.
    #[serde(default)]
    pub dry_run: bool,
}

/// What exists on one side only, in the order in which it was found: machines at a provider that carry the deployment's tag
/// and that no server claims, and servers whose machine complete lists do not show. Weir knows no prices: `machine_hours` says
/// for how long a machine may have cost money.
#[utoipa::path(get, path = "/orphans", tag = "orphans", params(PageParams),
    responses((status = 200, body = Page<Orphan>)))]
pub async fn list_orphans(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Query(page): Query<PageParams>,
) -> ApiResult<Json<Page<Orphan>>> {
    Ok(Json(
        control::orphan::list(&state.plane, &actor, &page.into()).await?,
    ))
}

/// One orphan.
#[utoipa::path(get, path = "/orphans/{id}", tag = "orphans", params(("id" = OrphanId, Path)),
    responses((status = 200, body = Orphan)))]
pub async fn get_orphan(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<OrphanId>,
) -> ApiResult<Json<Orphan>> {
    Ok(Json(control::orphan::get(&state.plane, &actor, id).await?))
}

/// Keeps a machine without a server: it is not deleted until it is released. It goes on counting against Max Instances.
#[utoipa::path(post, path = "/orphans/{id}/keep", tag = "orphans", params(("id" = OrphanId, Path), TryParams),
    responses((status = 200, body = OrphanChange), (status = 409, description = "It is a server without a machine, or not this Weir's to decide about.",
        body = Problem, content_type = "application/problem+json")))]
pub async fn keep_orphan(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<OrphanId>,
    Query(params): Query<TryParams>,
) -> ApiResult<Json<OrphanChange>> {
    Ok(Json(
        control::orphan::keep(&state.plane, &actor, id, params.dry_run).await?,
    ))
}

/// Takes back what was decided about a machine without a server: it is left alone for the grace time, which begins now, and
/// then deleted.
#[utoipa::path(post, path = "/orphans/{id}/release", tag = "orphans", params(("id" = OrphanId, Path), TryParams),
    responses((status = 200, body = OrphanChange), (status = 409, description = "It is a server without a machine, or not this Weir's to decide about.",
        body = Problem, content_type = "application/problem+json")))]
pub async fn release_orphan(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<OrphanId>,
    Query(params): Query<TryParams>,
) -> ApiResult<Json<OrphanChange>> {
    Ok(Json(
        control::orphan::release(&state.plane, &actor, id, params.dry_run).await?,
    ))
}

/// Has a machine without a server deleted without waiting for the grace time. Two complete lists must have shown it.
#[utoipa::path(post, path = "/orphans/{id}/delete", tag = "orphans", params(("id" = OrphanId, Path), TryParams),
    responses((status = 200, body = OrphanChange), (status = 409, description = "It is a server without a machine, or not this Weir's to decide about.",
        body = Problem, content_type = "application/problem+json")))]
pub async fn delete_orphan(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<OrphanId>,
    Query(params): Query<TryParams>,
) -> ApiResult<Json<OrphanChange>> {
    Ok(Json(
        control::orphan::delete(&state.plane, &actor, id, params.dry_run).await?,
    ))
}

/// Gives a machine back to the deleted server that its tag names, in the pool and for the autoscale config that made it. It
/// serves people once the loop sees that it is ready.
#[utoipa::path(post, path = "/orphans/{id}/adopt", tag = "orphans", params(("id" = OrphanId, Path), TryParams),
    responses((status = 200, body = OrphanChange), (status = 409, description = "It cannot be given back: the detail says why.",
        body = Problem, content_type = "application/problem+json")))]
pub async fn adopt_orphan(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<OrphanId>,
    Query(params): Query<TryParams>,
) -> ApiResult<Json<OrphanChange>> {
    Ok(Json(
        control::orphan::adopt(&state.plane, &actor, id, params.dry_run).await?,
    ))
}

#[cfg(test)]
mod tests {
    use domain::actor::Actor;
    use domain::id::{ConfigId, GenerationId, PoolId, ProviderId, ServerId};
    use domain::secret::Secret;
    use providers::fake::{FakeConfig, FakeProvider};
    use providers::{CreateRequest, Provider as _, Tags};
    use serde_json::{Value, json};
    use uuid::Uuid;

    use crate::testing::{Answer, ByHand, Made};

    /// More than the gap that a proof of absence needs.
    const GAP: i64 = 31_000;
    /// More than the grace time of a machine without a row.
    const GRACE: i64 = 601_000;

    /// An app moved by hand, with a pool in a fake cloud.
    struct World {
        by_hand: ByHand,
        made: Made,
        person: String,
    }

    impl World {
        async fn new() -> Self {
            let by_hand = ByHand::new().await;
            let made = by_hand
                .app
                .pool("Desks", json!({ "aggressive_scaling": true }))
                .await;
            let person = json!({ "name": "cleo", "role": "user" });
            let person = by_hand.app.admin("POST", "/users", Some(person)).await;
            Self {
                person: person.expect(201).member("id"),
                by_hand,
                made,
            }
        }

        fn provider(&self) -> ProviderId {
            self.made.provider.parse().expect("an id")
        }

        /// A machine that carries our tags, for this server, which may have had one before.
        async fn stranger(&self, server: ServerId) {
            let plane = &self.by_hand.app.plane;
            let deployment = control::deployment::get(plane, &Actor::System).await;
            let generation = deployment.expect("a deployment").generation;
            self.stranger_of(generation, server).await;
        }

        async fn stranger_of(&self, generation: GenerationId, server: ServerId) {
            let request = CreateRequest {
                name: "stray".to_owned(),
                tags: Tags {
                    deployment: self.by_hand.app.plane.deployment(),
                    generation: Some(generation),
                    pool: PoolId::from_uuid(Uuid::nil()),
                    config: ConfigId::from_uuid(Uuid::nil()),
                    server,
                },
                script: Secret::new(""),
                connection_port: 22,
                spec: Value::Null,
            };
            let cloud = self.by_hand.app.registry.cloud(self.provider());
            let forgetful = FakeConfig {
                repeatable_create: false,
                ..FakeConfig::INSTANT
            };
            let provider = FakeProvider::new(cloud, forgetful);
            provider.create(&request).await.expect("a machine");
        }

        /// Lists are fetched and heeded, a while after the last.
        async fn look(&self) {
            self.by_hand.clock.advance(GAP);
            self.by_hand.turn().await;
            self.by_hand.turn().await;
        }

        /// The grace time passes, and the loop sees what there is then: its lease has ended meanwhile.
        async fn outwait(&self) {
            self.by_hand.clock.advance(GRACE);
            self.by_hand.turn().await;
            self.by_hand.turn().await;
        }

        async fn orphans(&self) -> Vec<Value> {
            let page = self.by_hand.app.admin("GET", "/orphans", None).await;
            let page = page.expect(200).json();
            page["items"].as_array().expect("a list").clone()
        }

        /// The only one.
        async fn orphan(&self) -> Value {
            let orphans = self.orphans().await;
            let [orphan] = &orphans[..] else {
                panic!("one orphan: {orphans:?}")
            };
            orphan.clone()
        }

        async fn act(&self, verb: &str) -> Answer {
            let id = self.orphan().await["id"]
                .as_str()
                .expect("an id")
                .to_owned();
            let path = format!("/orphans/{id}/{verb}");
            self.by_hand.app.admin("POST", &path, None).await
        }

        fn alive(&self) -> usize {
            let cloud = self.by_hand.app.registry.cloud(self.provider());
            cloud.alive().len()
        }

        /// A server with its machine, made for somebody who asks.
        async fn server(&self) -> String {
            let app = &self.by_hand.app;
            let request = json!({ "pool_id": self.made.pool, "user_id": self.person });
            app.admin("POST", "/sessions", Some(request))
                .await
                .expect(202);
            self.by_hand.turn().await;
            self.look().await;
            let servers = app.admin("GET", "/servers", None).await.json();
            let server = servers["items"][0]["id"].as_str();
            server.expect("an id").to_owned()
        }

        /// A server that is deleted in Weir's database, and whose machine comes to life again.
        async fn returned(&self) -> String {
            let server = self.server().await;
            let app = &self.by_hand.app;
            app.admin(
                "DELETE",
                &format!("/servers/{server}?end_sessions=true"),
                None,
            )
            .await
            .expect(204);
            for _ in 0..4 {
                self.look().await;
            }
            assert_eq!(self.state_of(&server).await, "deleted");
            self.stranger(server.parse().expect("an id")).await;
            self.look().await;
            server
        }

        async fn state_of(&self, server: &str) -> String {
            let path = format!("/servers/{server}");
            let server = self.by_hand.app.admin("GET", &path, None).await;
            server.expect(200).member("state")
        }
    }

    fn some_server() -> ServerId {
        ServerId::from_bare("01a2b3c4-0000-7000-8000-000000000001").expect("an id")
    }

    #[tokio::test]
    async fn a_machine_of_another_generation_is_told_of_and_left_alone() {
        let world = World::new().await;
        let other = GenerationId::from_uuid(Uuid::nil());
        let server = ServerId::from_uuid(Uuid::nil());
        world.stranger_of(other, server).await;
        world.look().await;
        assert_eq!(world.orphan().await["state"], "foreign");
        for verb in ["keep", "release", "delete", "adopt"] {
            let refused = world.act(verb).await.expect(409).json();
            let detail = refused["detail"].as_str().expect("a reason");
            assert!(detail.contains("another generation"), "{verb}: {detail}");
        }
        world.outwait().await;
        world.look().await;
        assert_eq!(world.alive(), 1);
    }

    #[tokio::test]
    async fn a_machine_without_a_row_is_shown_and_goes_after_its_grace_time() {
        let world = World::new().await;
        assert_eq!(world.orphans().await, [Value::Null; 0]);
        world.stranger(some_server()).await;
        world.look().await;
        let orphan = world.orphan().await;
        assert_eq!(orphan["state"], "quarantined", "{orphan}");
        assert_eq!(orphan["provider_name"], "Desks");
        assert_eq!(orphan["server_id"], some_server().to_string());
        assert_eq!(orphan["lists"], 1);
        let path = format!("/orphans/{}", orphan["id"].as_str().expect("an id"));
        let one = world.by_hand.app.admin("GET", &path, None).await;
        assert_eq!(one.expect(200).json(), orphan);

        world.look().await;
        assert_eq!(world.orphan().await["lists"], 2);
        assert_eq!(world.alive(), 1);
        world.outwait().await;
        assert_eq!(world.alive(), 0);
        assert_eq!(world.orphan().await["state"], "deleting");
        for _ in 0..4 {
            world.look().await;
        }
        assert_eq!(world.orphans().await, [Value::Null; 0]);
    }

    #[tokio::test]
    async fn the_grace_time_outlives_the_process() {
        let world = World::new().await;
        world.stranger(some_server()).await;
        world.look().await;
        world.look().await;
        let until = world.orphan().await["until"].clone();
        world.by_hand.clock.advance(GRACE);
        let another = world.by_hand.another().await;
        // It has to see the machine itself, and no more.
        world.by_hand.turn_of(&another).await;
        assert_eq!((world.alive(), &world.orphan().await["until"]), (1, &until));
        world.by_hand.turn_of(&another).await;
        assert_eq!(world.alive(), 0);
    }

    #[tokio::test]
    async fn what_is_kept_stays_until_it_is_released() {
        let world = World::new().await;
        world.stranger(some_server()).await;
        world.look().await;
        let tried = world.act("keep?dry_run=true").await.expect(200).json();
        assert_eq!(tried["dry_run"], true);
        assert_eq!(world.orphan().await["state"], "quarantined");
        let done = world.act("keep").await.expect(200).json();
        assert_eq!(
            (&done["effect"], &done["dry_run"]),
            (&tried["effect"], &json!(false))
        );
        let kept = world.orphan().await;
        assert_eq!(
            (&kept["state"], &kept["decided_by_name"]),
            (&json!("kept"), &json!("by hand"))
        );
        world.outwait().await;
        world.look().await;
        assert_eq!(world.alive(), 1);

        world.act("release").await.expect(200);
        world.look().await;
        assert_eq!(
            (world.alive(), &world.orphan().await["state"]),
            (1, &json!("quarantined"))
        );
        world.outwait().await;
        assert_eq!(world.alive(), 0);
        let audit = world
            .by_hand
            .app
            .admin("GET", "/audit?by_people=true", None)
            .await
            .json();
        let deeds = audit["items"].as_array().expect("entries").iter();
        let deeds: Vec<_> = deeds.map(|entry| entry["action"].clone()).take(2).collect();
        assert_eq!(deeds, ["orphan.release", "orphan.keep"]);
    }

    #[tokio::test]
    async fn what_is_condemned_waits_for_a_second_list_and_no_longer() {
        let world = World::new().await;
        world.stranger(some_server()).await;
        world.look().await;
        world.act("delete").await.expect(200);
        assert_eq!(world.orphan().await["state"], "condemned");
        world.by_hand.turn().await;
        assert_eq!(world.alive(), 1);
        world.look().await;
        assert_eq!(world.alive(), 0);
        world.act("adopt").await.expect_problem(409, "conflict");
    }

    #[tokio::test]
    async fn a_machine_is_adopted_by_the_server_in_its_tag() {
        let world = World::new().await;
        let server = world.returned().await;
        let tried = world.act("adopt?dry_run=true").await.expect(200).json();
        assert_eq!(
            (&tried["server_id"], &tried["dry_run"]),
            (&json!(server), &json!(true))
        );
        assert_eq!(world.state_of(&server).await, "deleted");
        world.act("adopt").await.expect(200);
        assert_eq!(world.orphans().await, [Value::Null; 0]);
        assert_eq!(world.state_of(&server).await, "provisioning");
        for _ in 0..3 {
            world.look().await;
        }
        assert_eq!(
            (world.state_of(&server).await.as_str(), world.alive()),
            ("running", 1)
        );
    }

    #[tokio::test]
    async fn what_cannot_be_adopted_is_refused_with_the_reason() {
        let world = World::new().await;
        let refused = async |why: &str| {
            for verb in ["adopt?dry_run=true", "adopt"] {
                let answer = world.act(verb).await.expect_problem(409, "conflict");
                let detail = answer.member("detail");
                assert!(detail.contains(why), "{detail}");
            }
        };
        world.stranger(some_server()).await;
        world.look().await;
        refused("Nothing is known of the server in its tag").await;
        world.act("delete").await.expect(200);
        for _ in 0..6 {
            world.look().await;
        }
        let server = world.server().await;
        world.stranger(server.parse().expect("an id")).await;
        world.look().await;
        refused("has another machine").await;
    }

    #[tokio::test]
    async fn a_server_whose_machine_is_missing_is_shown() {
        let world = World::new().await;
        world.server().await;
        let cloud = world.by_hand.app.registry.cloud(world.provider());
        cloud.vanish(&cloud.alive()[0].id);
        world.look().await;
        let orphan = world.orphan().await;
        assert_eq!(
            (&orphan["state"], &orphan["pool_name"]),
            (&json!("missing"), &json!("Desks"))
        );
        world.act("keep").await.expect_problem(409, "conflict");
        world.look().await;
        assert_eq!(world.orphans().await, [Value::Null; 0]);
    }
}
