-- What the machines of servers that failed wrote last, with a mask for each secret; read before the machine is deleted. It
-- goes with the server's row.
CREATE TABLE server_consoles (
    server_id TEXT PRIMARY KEY REFERENCES servers (id) ON DELETE CASCADE,
    text TEXT NOT NULL,
    is_cut BIGINT NOT NULL CHECK (is_cut IN (0, 1)),
    read_at BIGINT NOT NULL
);
