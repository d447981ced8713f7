-- Under which version of the definitions a contact's membership of all query groups was last right; 0: not known.
-- While nothing else changed, a conversation need not look at them again.
ALTER TABLE contact ADD COLUMN groups_as_of BIGINT NOT NULL DEFAULT 0;
