-- Which life of the installation this is (`generation`, in the tags of every machine) and where its database lies (`home`, as told
-- from outside of it). A database that lies elsewhere than it did, or is older than the one in its place was, has been restored or
-- copied: while `observing_since` is set, the loop makes and deletes nothing at any provider.

ALTER TABLE deployment ADD COLUMN generation TEXT;
ALTER TABLE deployment ADD COLUMN home TEXT;
ALTER TABLE deployment ADD COLUMN observing_since BIGINT;
ALTER TABLE deployment ADD COLUMN observing_why TEXT;

-- How often the lease was taken or renewed: it only grows, so of two states of a database the older one has the smaller number.
ALTER TABLE leases ADD COLUMN renewals BIGINT NOT NULL DEFAULT 0;
