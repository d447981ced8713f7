-- Days for which the log of who changed what, and what happened on lines beside messages, is kept; NULL: for good.
ALTER TABLE retention ADD COLUMN audit BIGINT;
ALTER TABLE retention ADD COLUMN channel_events BIGINT;
