-- The newest rows of an agent, and its tasks in the order of their creation, without collecting and sorting all it has.
CREATE INDEX IF NOT EXISTS messages_of_sender ON messages (sender);
CREATE INDEX IF NOT EXISTS messages_of_recipient ON messages (recipient);
CREATE INDEX IF NOT EXISTS tasks_of_recipient ON tasks (recipient);
CREATE INDEX IF NOT EXISTS tasks_of_sender ON tasks (sender);
CREATE INDEX IF NOT EXISTS tasks_open ON tasks (recipient, status) WHERE COALESCE(status, '') NOT IN ('completed', 'failed');
