//! The schema's steps, from `migrations/` into the binary. A step that has been released is never edited.

use sqlx::SqlSafeStr;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};

use crate::error::OpenError;

/// Version, name and text of each step. The macro of sqlx that reads the folder would build the driver of SQLite twice.
const STEPS: &[(i64, &str, &str)] = &[
    (
        1,
        "deployment_and_people",
        include_str!("../../../migrations/0001_deployment_and_people.sql"),
    ),
    (
        2,
        "configs",
        include_str!("../../../migrations/0002_configs.sql"),
    ),
    (
        3,
        "servers_and_sessions",
        include_str!("../../../migrations/0003_servers_and_sessions.sql"),
    ),
    (
        4,
        "decisions_drafts_idempotency",
        include_str!("../../../migrations/0004_decisions_drafts_idempotency.sql"),
    ),
    (
        5,
        "personal_keys",
        include_str!("../../../migrations/0005_personal_keys.sql"),
    ),
    (
        6,
        "pace_of_requests",
        include_str!("../../../migrations/0006_pace_of_requests.sql"),
    ),
    (
        7,
        "audit_of_one_thing",
        include_str!("../../../migrations/0007_audit_of_one_thing.sql"),
    ),
    (
        8,
        "server_steps",
        include_str!("../../../migrations/0008_server_steps.sql"),
    ),
    (
        9,
        "autoscale_versions",
        include_str!("../../../migrations/0009_autoscale_versions.sql"),
    ),
    (
        10,
        "demo",
        include_str!("../../../migrations/0010_demo.sql"),
    ),
    (
        11,
        "server_consoles",
        include_str!("../../../migrations/0011_server_consoles.sql"),
    ),
    (
        12,
        "provider_secrets",
        include_str!("../../../migrations/0012_provider_secrets.sql"),
    ),
    (
        13,
        "audit_chain",
        include_str!("../../../migrations/0013_audit_chain.sql"),
    ),
    (
        14,
        "pause",
        include_str!("../../../migrations/0014_pause.sql"),
    ),
    (
        15,
        "generation",
        include_str!("../../../migrations/0015_generation.sql"),
    ),
    (
        16,
        "orphans",
        include_str!("../../../migrations/0016_orphans.sql"),
    ),
];

pub(crate) fn migrator() -> Migrator {
    let migrations = STEPS.iter().map(|&(version, name, sql)| {
        Migration::new(
            version,
            name.into(),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )
    });
    Migrator::with_migrations(migrations.collect())
}

pub(crate) fn open_error(error: MigrateError) -> OpenError {
    match error {
        MigrateError::VersionMissing(migration) => OpenError::NewerSchema { migration },
        error => OpenError::Migrate(Box::new(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_a_step() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let steps: Vec<String> = STEPS
            .iter()
            .map(|(version, name, _)| format!("{version:04}_{name}.sql"))
            .collect();
        assert_eq!(files, steps);
    }
}
