-- Servers and sessions. Indexes over what is alive leave the history out, so its length costs the loop nothing.

-- `machine`, `host`, `port` and `why` are the parts of the state; which of them are set follows from `state`.
-- `connection_port` is the port that people use and that the machine is expected to listen on.
-- `first_user` refers to nothing on purpose: a single-use server must not look untouched once its person is deleted.
-- `max_sessions` and `max_users` are a fixed server's own; a scaled server has those of its config.
-- `access_wanted` counts the changes of who has an open session; `access_applied` is the last that the machine knows.
CREATE TABLE servers (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    pool_id TEXT NOT NULL REFERENCES pools (id),
    zone_id TEXT NOT NULL REFERENCES zones (id),
    config_id TEXT REFERENCES autoscale_configs (id),
    provider_id TEXT REFERENCES providers (id),
    config_version BIGINT,
    state TEXT NOT NULL CHECK (state IN (
        'requested', 'unknown', 'provisioning', 'booting', 'running', 'draining', 'deleting', 'failed', 'deleted'
    )),
    state_since BIGINT NOT NULL,
    machine TEXT,
    host TEXT,
    port BIGINT,
    why TEXT,
    protocol TEXT NOT NULL CHECK (protocol IN ('kasmvnc', 'rdp', 'vnc', 'ssh')),
    connection_port BIGINT NOT NULL,
    max_sessions BIGINT,
    max_users BIGINT,
    username TEXT,
    progress BIGINT,
    message TEXT,
    checked_in_at BIGINT,
    host_key TEXT,
    retry_at BIGINT,
    attempts BIGINT NOT NULL,
    delete_accepted BIGINT NOT NULL CHECK (delete_accepted IN (0, 1)),
    first_user TEXT,
    access_wanted BIGINT NOT NULL,
    access_applied BIGINT NOT NULL,
    request_sealed TEXT,
    connection_sealed TEXT,
    key_id TEXT NOT NULL REFERENCES sealing_keys (id),
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    guard BIGINT NOT NULL DEFAULT 0,
    CHECK (
        (config_id IS NOT NULL AND provider_id IS NOT NULL AND config_version IS NOT NULL AND max_sessions IS NULL)
        OR (config_id IS NULL AND provider_id IS NULL AND config_version IS NULL AND max_sessions IS NOT NULL)
    ),
    CHECK (state <> 'deleted' OR (request_sealed IS NULL AND connection_sealed IS NULL))
);

CREATE UNIQUE INDEX servers_name ON servers (name) WHERE state <> 'deleted';
CREATE UNIQUE INDEX servers_machine ON servers (provider_id, machine) WHERE state <> 'deleted' AND machine IS NOT NULL;
CREATE INDEX servers_alive ON servers (pool_id, id) WHERE state <> 'deleted';
CREATE INDEX servers_pool ON servers (pool_id, id);
CREATE INDEX servers_zone ON servers (zone_id);
CREATE INDEX servers_config ON servers (config_id);
CREATE INDEX servers_provider ON servers (provider_id, created_at);
CREATE INDEX servers_provider_alive ON servers (provider_id) WHERE state <> 'deleted';

-- `access_seq` is the server's `access_wanted` at the time of seating: the person's key is on the machine once
-- `access_applied` has reached it.
CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    pool_id TEXT NOT NULL REFERENCES pools (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    server_id TEXT REFERENCES servers (id) ON DELETE SET NULL,
    kind TEXT NOT NULL CHECK (kind IN ('desktop', 'app', 'shell')),
    app TEXT,
    protocol TEXT NOT NULL CHECK (protocol IN ('kasmvnc', 'rdp', 'vnc', 'ssh')),
    state TEXT NOT NULL CHECK (state IN ('queued', 'assigned', 'active', 'ended')),
    requested_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    assigned_at BIGINT,
    active_since BIGINT,
    ended_at BIGINT,
    end_reason TEXT,
    access_seq BIGINT NOT NULL,
    version BIGINT NOT NULL,
    CHECK ((kind = 'app') = (app IS NOT NULL)),
    CHECK (state <> 'queued' OR server_id IS NULL),
    CHECK (state NOT IN ('assigned', 'active') OR (server_id IS NOT NULL AND assigned_at IS NOT NULL)),
    CHECK (state <> 'active' OR active_since IS NOT NULL),
    CHECK ((state = 'ended') = (ended_at IS NOT NULL)),
    CHECK ((state = 'ended') = (end_reason IS NOT NULL))
);

-- One RDP desktop a person and server (decided in the rule of placement, held here).
CREATE UNIQUE INDEX sessions_one_rdp_desktop ON sessions (server_id, user_id)
    WHERE state IN ('assigned', 'active') AND kind = 'desktop' AND protocol = 'rdp';
CREATE INDEX sessions_alive_pool ON sessions (pool_id, requested_at, id) WHERE state <> 'ended';
CREATE INDEX sessions_alive_user ON sessions (user_id) WHERE state <> 'ended';
CREATE INDEX sessions_alive_server ON sessions (server_id) WHERE state <> 'ended';
CREATE INDEX sessions_pool ON sessions (pool_id);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_server ON sessions (server_id);
