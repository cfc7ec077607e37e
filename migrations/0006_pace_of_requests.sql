-- How often a person has asked of late is looked up at each request.
DROP INDEX sessions_user;
CREATE INDEX sessions_user ON sessions (user_id, requested_at);
