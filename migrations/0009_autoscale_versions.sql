-- Each version of an autoscale config as it was saved: the form's values, and its secrets as they were sealed then. A version never
-- changes. Versions go with their config, and the secrets with them: who made, changed and deleted it stays in the audit log.
--
-- `restored_from` is the version whose values were taken back.
CREATE TABLE autoscale_versions (
    config_id TEXT NOT NULL REFERENCES autoscale_configs (id) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    restored_from BIGINT,
    document TEXT NOT NULL,
    PRIMARY KEY (config_id, version)
);

-- A sealed value is bound to its config and its key, so it opens again once it is back in `secrets`.
CREATE TABLE autoscale_version_secrets (
    config_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    key TEXT NOT NULL,
    sealed TEXT NOT NULL,
    key_id TEXT NOT NULL REFERENCES sealing_keys (id),
    set_at BIGINT NOT NULL,
    set_by TEXT NOT NULL,
    PRIMARY KEY (config_id, version, key),
    FOREIGN KEY (config_id, version) REFERENCES autoscale_versions (config_id, version) ON DELETE CASCADE
);

-- Of configs that are there already, the present version is all that is known. The audit log tells who has saved it.
INSERT INTO autoscale_versions (config_id, version, at, actor, document)
SELECT c.id, c.version, c.updated_at,
    COALESCE((SELECT a.actor FROM audit a
        WHERE a.target = 'cfg_' || c.id AND a.action IN ('autoscale_config.create', 'autoscale_config.replace')
        ORDER BY a.id DESC LIMIT 1), 'system'),
    c.document
FROM autoscale_configs c;

INSERT INTO autoscale_version_secrets (config_id, version, key, sealed, key_id, set_at, set_by)
SELECT c.id, c.version, s.key, s.sealed, s.key_id, s.set_at, s.set_by
FROM secrets s JOIN autoscale_configs c ON c.id = s.config_id;
