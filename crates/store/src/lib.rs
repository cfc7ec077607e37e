//! SQL for SQLite and Postgres, and the sealing of secrets at rest.
