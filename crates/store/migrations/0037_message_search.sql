-- Words of messages, written behind the hot path. place: up to which row number messages were looked at. number: a short
-- name of a workspace, which stands before each of its words, so that words of one workspace are a part of the index.
CREATE TABLE message_search (
    id {{id}},
    place BIGINT NOT NULL
);
INSERT INTO message_search (id, place) VALUES (1, -9223372036854775807);
CREATE TABLE message_search_workspace (
    workspace_id BIGINT NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL UNIQUE
){{without_rowid}};
-- The index alone: what messages say is not kept a second time. Words come folded and split; nothing is left to the database.
{{only_sqlite}} CREATE VIRTUAL TABLE message_words USING fts5(words, content='', contentless_delete=1, detail=none, tokenize="unicode61 remove_diacritics 0 categories 'L* N* M* Co'");
{{only_postgres}} CREATE TABLE message_words (message_id BIGINT PRIMARY KEY, words TSVECTOR NOT NULL);
{{only_postgres}} CREATE INDEX message_words_words ON message_words USING gin (words);
