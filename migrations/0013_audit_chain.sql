-- The audit log as a chain. An entry is written in the transaction that does what it says; a moment later it is linked: it
-- gets the next number, and a hash over itself and the hash before it, made with a key that is not in the database. So a
-- changed, moved or deleted entry is found. An entry that is not linked yet has neither.

ALTER TABLE audit ADD COLUMN number BIGINT;
ALTER TABLE audit ADD COLUMN hash TEXT;
CREATE UNIQUE INDEX audit_number ON audit (number) WHERE number IS NOT NULL;
CREATE INDEX audit_unlinked ON audit (id) WHERE number IS NULL;
