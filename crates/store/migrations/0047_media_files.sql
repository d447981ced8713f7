-- Files by what is in them, for whoever walks through all that are kept.
CREATE INDEX media_sha256 ON media (sha256) WHERE sha256 IS NOT NULL;
