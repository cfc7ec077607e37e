-- The demo, while there is one: at most one row. It ends with its pool. The ids say what else it is made of; whatever of it was
-- deleted by hand is no part of it any more. The times say what no other row tells: when visitors were last sent, when somebody
-- read why, when the checklist was put away, and since when all of it is being taken away.
CREATE TABLE demo (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    pool_id TEXT NOT NULL REFERENCES pools (id) ON DELETE CASCADE,
    zone_id TEXT REFERENCES zones (id) ON DELETE SET NULL,
    provider_id TEXT REFERENCES providers (id) ON DELETE SET NULL,
    visited_at BIGINT,
    why_read_at BIGINT,
    dismissed_at BIGINT,
    removing_at BIGINT
);

-- A demo of an earlier version is known by the names of its parts, each of which is there once.
INSERT INTO demo (one, pool_id, zone_id, provider_id)
SELECT CAST(1 AS BIGINT), p.id, z.id, v.id
FROM pools p
    JOIN autoscale_configs c ON c.pool_id = p.id AND c.name = 'Demo'
    JOIN zones z ON z.id = c.zone_id AND z.name = 'This machine'
    JOIN providers v ON v.id = c.provider_id AND v.name IN ('This machine', 'Fake cloud')
WHERE p.name = 'Demo';

-- The made-up people of a demo: they belong to its pool and go with it.
ALTER TABLE users ADD COLUMN visitor_of TEXT REFERENCES pools (id);
CREATE INDEX users_visitor_of ON users (visitor_of);
