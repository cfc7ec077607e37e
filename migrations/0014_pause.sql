-- An admin can hold everything: while `paused_at` is set, the loop makes and deletes nothing at any provider.

ALTER TABLE deployment ADD COLUMN paused_at BIGINT;
ALTER TABLE deployment ADD COLUMN paused_by TEXT;
