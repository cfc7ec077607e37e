-- Portable SQL: the same text runs on SQLite and Postgres. Ids are UUIDs as TEXT, times are BIGINT milliseconds since
-- 1970, booleans are BIGINT 0 or 1, documents are JSON as TEXT, sealed values are base64 as TEXT.
--
-- `version` counts the changes that people see (the ETag). `guard` is what a counting transaction updates first: on
-- Postgres that is its lock; it has no meaning of its own.

-- The keys that sealed values were made with. Holds no key, only what tells one from another.
CREATE TABLE sealing_keys (
    id TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

-- One row: this installation.
CREATE TABLE deployment (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    id TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    setup_done BIGINT NOT NULL CHECK (setup_done IN (0, 1)),
    key_id TEXT NOT NULL REFERENCES sealing_keys (id)
);

-- Who runs the loop. `epoch` counts the holders; a write of an earlier holder is refused.
CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder TEXT,
    epoch BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

INSERT INTO leases (name, holder, epoch, expires_at) VALUES ('loop', NULL, 0, 0);

-- What was done by whom. Refers to nothing: it outlives everything it speaks of.
CREATE TABLE audit (
    id TEXT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    detail TEXT NOT NULL
);

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('user', 'admin')),
    password_hash TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    guard BIGINT NOT NULL DEFAULT 0
);

CREATE UNIQUE INDEX users_name ON users (name);

-- One-time links that make the first admin.
CREATE TABLE setup_links (
    token_hash TEXT PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

-- Sign-ins of people in a browser.
CREATE TABLE logins (
    token_hash TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX logins_user ON logins (user_id);

CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('user', 'admin')),
    user_id TEXT REFERENCES users (id),
    secret_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE INDEX api_keys_user ON api_keys (user_id);

CREATE TABLE ssh_keys (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    public_key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX ssh_keys_fingerprint ON ssh_keys (user_id, fingerprint);
