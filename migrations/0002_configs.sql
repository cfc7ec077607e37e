-- What admins configure: zones, pools, providers, LDAP configs, autoscale configs, and the secrets of the last two.

CREATE TABLE zones (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    upstream_auth_address TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);

CREATE UNIQUE INDEX zones_name ON zones (name);

-- `apps` is a JSON array of published apps.
CREATE TABLE pools (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    apps TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    guard BIGINT NOT NULL DEFAULT 0
);

CREATE UNIQUE INDEX pools_name ON pools (name);

-- Who may open sessions in a pool. A new pool has one row for everyone.
CREATE TABLE pool_access (
    pool_id TEXT NOT NULL REFERENCES pools (id) ON DELETE CASCADE,
    principal TEXT NOT NULL,
    PRIMARY KEY (pool_id, principal)
);

-- `failures`, `failed_at` and `not_before` belong to the loop and do not change `version`.
CREATE TABLE providers (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    max_instances BIGINT NOT NULL CHECK (max_instances >= 0),
    startup_script TEXT NOT NULL,
    settings TEXT NOT NULL,
    failures BIGINT NOT NULL DEFAULT 0,
    failed_at BIGINT,
    not_before BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    guard BIGINT NOT NULL DEFAULT 0
);

CREATE UNIQUE INDEX providers_name ON providers (name);

CREATE TABLE ldap_configs (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);

CREATE UNIQUE INDEX ldap_configs_name ON ldap_configs (name);

-- `document` is the whole form without its secrets; the columns repeat what the loop and the guards ask for.
CREATE TABLE autoscale_configs (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    pool_id TEXT NOT NULL REFERENCES pools (id),
    zone_id TEXT NOT NULL REFERENCES zones (id),
    provider_id TEXT NOT NULL REFERENCES providers (id),
    ldap_config_id TEXT REFERENCES ldap_configs (id),
    enabled BIGINT NOT NULL CHECK (enabled IN (0, 1)),
    dry_run BIGINT NOT NULL CHECK (dry_run IN (0, 1)),
    aggressive BIGINT NOT NULL CHECK (aggressive IN (0, 1)),
    reusable BIGINT NOT NULL CHECK (reusable IN (0, 1)),
    require_checkin BIGINT NOT NULL CHECK (require_checkin IN (0, 1)),
    minimum BIGINT NOT NULL CHECK (minimum >= 0),
    max_sessions BIGINT NOT NULL CHECK (max_sessions >= 0),
    max_users BIGINT CHECK (max_users >= 0),
    backoff_secs BIGINT NOT NULL CHECK (backoff_secs >= 0),
    provision_timeout_secs BIGINT NOT NULL CHECK (provision_timeout_secs >= 0),
    protocol TEXT NOT NULL CHECK (protocol IN ('kasmvnc', 'rdp', 'vnc', 'ssh')),
    document TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    guard BIGINT NOT NULL DEFAULT 0
);

CREATE UNIQUE INDEX autoscale_configs_name ON autoscale_configs (name);
CREATE INDEX autoscale_configs_pool ON autoscale_configs (pool_id);
CREATE INDEX autoscale_configs_zone ON autoscale_configs (zone_id);
CREATE INDEX autoscale_configs_provider ON autoscale_configs (provider_id);
CREATE INDEX autoscale_configs_ldap_config ON autoscale_configs (ldap_config_id);

-- What the loop remembers about a config. Apart from it, because the config's version belongs to the admin.
CREATE TABLE autoscale_loop (
    config_id TEXT PRIMARY KEY REFERENCES autoscale_configs (id) ON DELETE CASCADE,
    surplus_since BIGINT
);

-- Secrets of autoscale configs and LDAP configs, each in a row of its own. `owner` is the id of the one it belongs to.
CREATE TABLE secrets (
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    config_id TEXT REFERENCES autoscale_configs (id) ON DELETE CASCADE,
    ldap_config_id TEXT REFERENCES ldap_configs (id) ON DELETE CASCADE,
    sealed TEXT NOT NULL,
    key_id TEXT NOT NULL REFERENCES sealing_keys (id),
    set_at BIGINT NOT NULL,
    set_by TEXT NOT NULL,
    PRIMARY KEY (owner, key),
    CHECK ((config_id = owner AND ldap_config_id IS NULL) OR (ldap_config_id = owner AND config_id IS NULL))
);

CREATE INDEX secrets_config ON secrets (config_id);
CREATE INDEX secrets_ldap_config ON secrets (ldap_config_id);
