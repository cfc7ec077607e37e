-- Whether people sign in to this server with the keys of their profiles. Only then are keys put on it and taken off:
-- a change counts `access_wanted` up by this number.
ALTER TABLE servers ADD COLUMN personal_keys BIGINT NOT NULL DEFAULT 1;

UPDATE servers SET personal_keys = 0, access_applied = access_wanted WHERE config_id IS NULL;
