-- Some carriers send a constant where others send the identifier of a message. So a repetition is a message of the
-- same line, id, sender and text; the index finds the few rows in which the text must be compared.
DROP INDEX message_inbound_external;
CREATE INDEX message_inbound_external ON message (channel_id, external_id, urn_id)
    WHERE direction = 'in' AND external_id IS NOT NULL;
