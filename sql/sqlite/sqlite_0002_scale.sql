-- Indexes for an agent's newest rows, and its tasks in order of creation, without sorting all of them.
CREATE INDEX IF NOT EXISTS messages_of_sender ON messages (sender);
CREATE INDEX IF NOT EXISTS messages_of_recipient ON messages (recipient);
CREATE INDEX IF NOT EXISTS tasks_of_recipient ON tasks (recipient);
CREATE INDEX IF NOT EXISTS tasks_of_sender ON tasks (sender);
CREATE INDEX IF NOT EXISTS tasks_open ON tasks (recipient, status) WHERE COALESCE(status, '') NOT IN ('completed', 'failed');
