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
