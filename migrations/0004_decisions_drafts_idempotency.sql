-- What the loop decided: a pool's report whenever it differs from the one before.
CREATE TABLE decisions (
    id TEXT PRIMARY KEY,
    pool_id TEXT NOT NULL REFERENCES pools (id) ON DELETE CASCADE,
    at BIGINT NOT NULL,
    report TEXT NOT NULL
);

CREATE INDEX decisions_pool ON decisions (pool_id, id);

-- Half-filled forms, kept for their author.
CREATE TABLE drafts (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    form TEXT NOT NULL,
    document TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);

CREATE INDEX drafts_user ON drafts (user_id, id);

-- Answers of creating requests, by the key that the client sent. `status` is NULL while the request runs.
CREATE TABLE idempotency (
    actor TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    status BIGINT,
    body TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (actor, key)
);

CREATE INDEX idempotency_created ON idempotency (created_at);
