//! This installation, and the one who asks.

use axum::extract::State;
use domain::actor::{Actor, Role};
use domain::deployment::Deployment;
use domain::error::Problem;
use domain::id::{ApiKeyId, UserId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::rest::error::ApiResult;
use crate::rest::json::Json;
use crate::state::AppState;

/// This installation: its id, generation and version, and whether everything is held.
#[utoipa::path(get, path = "/deployment", tag = "deployment", responses((status = 200, body = Deployment)))]
pub async fn get_deployment(
    State(state): State<AppState>,
    Caller(actor): Caller,
) -> ApiResult<Json<Deployment>> {
    Ok(Json(control::deployment::get(&state.plane, &actor).await?))
}

/// Holds everything: nothing is made and nothing deleted at any provider. People still get free seats.
#[utoipa::path(post, path = "/deployment/pause", tag = "deployment", responses((status = 200, body = Deployment)))]
pub async fn pause_deployment(
    State(state): State<AppState>,
    Caller(actor): Caller,
) -> ApiResult<Json<Deployment>> {
    Ok(Json(
        control::deployment::pause(&state.plane, &actor).await?,
    ))
}

/// Lets everything go on.
#[utoipa::path(post, path = "/deployment/resume", tag = "deployment", responses((status = 200, body = Deployment)))]
pub async fn resume_deployment(
    State(state): State<AppState>,
    Caller(actor): Caller,
) -> ApiResult<Json<Deployment>> {
    Ok(Json(
        control::deployment::resume(&state.plane, &actor).await?,
    ))
}

/// This database is the deployment, although it lies elsewhere or was restored: Weir goes on from what it says. Machines with its
/// tags that it does not know are deleted once their grace time is over. Only while Weir observes.
#[utoipa::path(post, path = "/deployment/adopt", tag = "deployment", responses((status = 200, body = Deployment),
    (status = 409, description = "Nothing was restored or copied.", body = Problem, content_type = "application/problem+json")))]
pub async fn adopt_deployment(
    State(state): State<AppState>,
    Caller(actor): Caller,
) -> ApiResult<Json<Deployment>> {
    Ok(Json(
        control::deployment::adopt(&state.plane, &actor).await?,
    ))
}

/// This database is a copy, and the original lives on: it gets a generation of its own and leaves all machines to the original.
/// Servers that were made through a provider are deleted here alone, and their sessions end. Only while Weir observes.
#[utoipa::path(post, path = "/deployment/fork", tag = "deployment", responses((status = 200, body = Deployment),
    (status = 409, description = "Nothing was restored or copied.", body = Problem, content_type = "application/problem+json")))]
pub async fn fork_deployment(
    State(state): State<AppState>,
    Caller(actor): Caller,
) -> ApiResult<Json<Deployment>> {
    Ok(Json(control::deployment::fork(&state.plane, &actor).await?))
}

/// The one who asks.
#[derive(Serialize, ToSchema)]
pub struct Me {
    /// What you may do.
    pub role: Role,
    /// The person; none for a key that acts for nobody.
    pub user_id: Option<UserId>,
    /// The person's sign-in name.
    pub user_name: Option<String>,
    /// The API key, if it is one that asks.
    pub api_key_id: Option<ApiKeyId>,
}

/// Who you are to Weir.
#[utoipa::path(get, path = "/me", tag = "deployment", responses((status = 200, body = Me)))]
pub async fn get_me(State(state): State<AppState>, Caller(actor): Caller) -> ApiResult<Json<Me>> {
    let user_name = match actor.user() {
        Some(user) => Some(control::user::get(&state.plane, &actor, user).await?.name),
        None => None,
    };
    let (role, api_key_id) = match &actor {
        Actor::ApiKey { role, key, .. } => (*role, Some(*key)),
        Actor::Person { role, .. } => (*role, None),
        Actor::Server(_) => (Role::User, None),
        Actor::System => (Role::Admin, None),
    };
    Ok(Json(Me {
        role,
        user_id: actor.user(),
        user_name,
        api_key_id,
    }))
}

#[cfg(test)]
mod tests {
    use control::reconciler::{self, Effect, Prober};
    use domain::connection::Address;
    use serde_json::{Value, json};

    use crate::testing::TestApp;

    async fn newest(app: &TestApp, pool: &str) -> Value {
        let path = format!("/decisions?pool_id={pool}");
        app.admin("GET", &path, None).await.expect(200).json()["items"][0].clone()
    }

    #[tokio::test]
    async fn while_everything_is_held_nothing_is_made() {
        let app = TestApp::new().await;
        let turn = async |verb: &str| {
            let path = format!("/deployment/{verb}");
            app.admin("POST", &path, None).await.expect(200).json()
        };
        let before = app.admin("GET", "/deployment", None).await.expect(200);
        assert_eq!(before.json()["pause"], Value::Null);
        let paused = turn("pause").await;
        let since = &paused["pause"]["since"];
        assert!(since.is_string(), "{paused}");
        // Once more changes nothing, and is no deed.
        assert_eq!(&turn("pause").await["pause"]["since"], since);

        let minimum = json!({ "minimum_available_sessions": 1 });
        let made = app.pool("Desks", minimum).await;
        let tick = reconciler::tick(&app.plane).await.expect("a tick");
        assert!(
            tick.effects.iter().all(|effect| effect.kind() != "create"),
            "{:?}",
            tick.effects
        );
        let held = newest(&app, &made.pool).await.to_string();
        assert!(held.contains("held.paused"), "{held}");

        assert_eq!(turn("resume").await["pause"], Value::Null);
        let tick = reconciler::tick(&app.plane).await.expect("a tick");
        assert!(
            tick.effects.iter().any(|effect| effect.kind() == "create"),
            "{:?}",
            tick.effects
        );
        let audit = app.admin("GET", "/audit?limit=100", None).await.expect(200);
        let audit = audit.json();
        let deeds = audit["items"].as_array().expect("entries").iter();
        let deeds: Vec<_> = deeds
            .map(|entry| entry["action"].as_str().expect("a word"))
            .filter(|action| action.starts_with("deployment."))
            .collect();
        assert_eq!(deeds, ["deployment.resume", "deployment.pause"]);
    }

    struct NoPorts;

    #[async_trait::async_trait]
    impl Prober for NoPorts {
        async fn answers(&self, _: &Address) -> bool {
            false
        }
    }

    #[tokio::test]
    async fn a_call_that_waited_for_its_turn_is_not_made_once_everything_is_held() {
        let app = TestApp::new().await;
        let minimum = json!({ "minimum_available_sessions": 1 });
        app.pool("Desks", minimum).await;
        let create = async || -> Effect {
            let tick = reconciler::tick(&app.plane).await.expect("a tick");
            let mut creates = tick.effects.into_iter();
            let create = creates.find(|effect| effect.kind() == "create");
            create.expect("a server to make")
        };
        let waits = create().await;
        app.admin("POST", "/deployment/pause", None)
            .await
            .expect(200);
        let finished = waits.run(&app.plane, &NoPorts).await;
        assert_eq!(finished.word(), "held");
        reconciler::record(&app.plane, finished)
            .await
            .expect("it is noted");
        let servers = app.admin("GET", "/servers", None).await.json();
        assert_eq!(servers["items"][0]["state"], "requested", "{servers}");
        app.admin("POST", "/deployment/resume", None)
            .await
            .expect(200);
        let finished = create().await.run(&app.plane, &NoPorts).await;
        assert_eq!(finished.word(), "ok");
    }

    #[tokio::test]
    async fn who_does_not_observe_has_nothing_to_adopt_or_to_fork() {
        let app = TestApp::new().await;
        let before = app.admin("GET", "/deployment", None).await.expect(200);
        let before = before.json();
        assert_eq!(before["observing"], Value::Null);
        for path in ["/deployment/adopt", "/deployment/fork"] {
            app.admin("POST", path, None)
                .await
                .expect_problem(409, "conflict");
        }
        let after = app.admin("GET", "/deployment", None).await.expect(200);
        assert_eq!(after.json(), before);
    }

    #[tokio::test]
    async fn only_admins_hold_everything() {
        let app = TestApp::new().await;
        for (method, path) in [
            ("POST", "/deployment/pause"),
            ("POST", "/deployment/resume"),
            ("POST", "/deployment/adopt"),
            ("POST", "/deployment/fork"),
        ] {
            app.user(method, path, None)
                .await
                .expect_problem(403, "forbidden");
        }
    }
}
