-- What exists on one side only: machines that carry our tag and that no row claims (`machine`), and rows whose machine
-- complete lists do not show (`server`). The loop writes what it sees, and admins what is to become of a machine.
--
-- `server_id` refers to nothing on purpose: the tag of a machine may name a server that is forgotten or never was. `generation` is
-- that of its tags; a machine of another one than the deployment's, or of none, is not ours to delete.
-- `decision` and the two columns after it are an admin's; `asked_at` is when the provider was last asked to delete.
CREATE TABLE orphans (
    id TEXT PRIMARY KEY,
    provider_id TEXT NOT NULL REFERENCES providers (id) ON DELETE CASCADE,
    side TEXT NOT NULL CHECK (side IN ('machine', 'server')),
    machine TEXT,
    server_id TEXT,
    generation TEXT,
    first_seen_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    lists BIGINT NOT NULL,
    decision TEXT NOT NULL CHECK (decision IN ('quarantine', 'keep', 'delete')),
    decided_at BIGINT,
    decided_by TEXT,
    asked_at BIGINT,
    version BIGINT NOT NULL,
    CHECK (side <> 'machine' OR machine IS NOT NULL),
    CHECK (side <> 'server' OR server_id IS NOT NULL),
    CHECK ((decided_at IS NULL) = (decided_by IS NULL))
);

CREATE UNIQUE INDEX orphans_machine ON orphans (provider_id, machine) WHERE side = 'machine';
CREATE UNIQUE INDEX orphans_server ON orphans (server_id) WHERE side = 'server';
CREATE INDEX orphans_provider ON orphans (provider_id);

-- When a machine without a row became the server's again, or everything that was held went on: the time to become ready begins anew
-- then.
ALTER TABLE servers ADD COLUMN begun_anew_at BIGINT;
