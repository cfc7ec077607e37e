-- What was done to one thing, and what people have done among all that the loop does, is found without reading the whole log.
ALTER TABLE audit ADD COLUMN by_people BIGINT NOT NULL DEFAULT 0;
UPDATE audit SET by_people = 1 WHERE actor LIKE 'usr%' OR actor LIKE 'key%';
CREATE INDEX audit_target ON audit (target, id);
CREATE INDEX audit_by_people ON audit (by_people, id);
