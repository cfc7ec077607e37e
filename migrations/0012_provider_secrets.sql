-- Provider configs have secrets too, such as the key of a cloud account.

CREATE TABLE secrets_of_all (
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    config_id TEXT REFERENCES autoscale_configs (id) ON DELETE CASCADE,
    ldap_config_id TEXT REFERENCES ldap_configs (id) ON DELETE CASCADE,
    provider_id TEXT REFERENCES providers (id) ON DELETE CASCADE,
    sealed TEXT NOT NULL,
    key_id TEXT NOT NULL REFERENCES sealing_keys (id),
    set_at BIGINT NOT NULL,
    set_by TEXT NOT NULL,
    PRIMARY KEY (owner, key),
    -- The owner is one of the three, and no other is named.
    CHECK (owner = COALESCE(config_id, ldap_config_id, provider_id)),
    CHECK (config_id IS NULL OR (ldap_config_id IS NULL AND provider_id IS NULL)),
    CHECK (ldap_config_id IS NULL OR provider_id IS NULL)
);

INSERT INTO secrets_of_all (owner, key, config_id, ldap_config_id, sealed, key_id, set_at, set_by)
SELECT owner, key, config_id, ldap_config_id, sealed, key_id, set_at, set_by FROM secrets;

DROP TABLE secrets;

ALTER TABLE secrets_of_all RENAME TO secrets;

CREATE INDEX secrets_config ON secrets (config_id);
CREATE INDEX secrets_ldap_config ON secrets (ldap_config_id);
CREATE INDEX secrets_provider ON secrets (provider_id);
