-- Indexes for an agent's newest rows, and its tasks in order of creation, without sorting all of them.
SET LOCAL search_path = :"schema", pg_catalog, pg_temp;
CREATE INDEX messages_of_sender ON messages (sender, seq);
CREATE INDEX messages_of_recipient ON messages (recipient, seq);
CREATE INDEX tasks_of_recipient ON tasks (recipient, seq);
CREATE INDEX tasks_of_sender ON tasks (sender, seq);
CREATE INDEX tasks_open ON tasks (recipient) WHERE COALESCE(status, '') NOT IN ('completed', 'failed');

INSERT INTO bridge_schema (version) VALUES (2);
