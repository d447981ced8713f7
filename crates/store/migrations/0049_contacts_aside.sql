-- Contacts who are not active, or gone: few, so that counts go over an index of everybody and leave these out. The
-- condition stands in contact_query/mod.rs in the same words.
CREATE INDEX contact_aside ON contact (workspace_id, id) WHERE status <> 'active' OR deleted_on IS NOT NULL;
