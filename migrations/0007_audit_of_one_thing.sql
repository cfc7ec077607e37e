-- What was done to one thing is looked up on its page.
CREATE INDEX audit_target ON audit (target, id);
