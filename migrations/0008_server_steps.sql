-- What became of each server, step by step: its states after 'requested' (that is its `created_at`), and what its script
-- said. `version` is the server's after the step. They go with the server's row.
CREATE TABLE server_steps (
    server_id TEXT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    at BIGINT NOT NULL,
    state TEXT NOT NULL,
    progress BIGINT,
    message TEXT,
    PRIMARY KEY (server_id, version)
);

-- How starts went, and when servers ran.
CREATE INDEX server_steps_state ON server_steps (server_id, state, at);
CREATE INDEX sessions_pool_ended ON sessions (pool_id, ended_at);
CREATE INDEX servers_pool_deleted ON servers (pool_id, state_since) WHERE state = 'deleted';

-- Of servers that are there already, the state is all that is known.
INSERT INTO server_steps (server_id, version, at, state, progress, message)
SELECT id, version, state_since, state, progress, message FROM servers WHERE state NOT IN ('requested', 'deleted');
