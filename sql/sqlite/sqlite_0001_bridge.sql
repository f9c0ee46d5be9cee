-- The documented tables keep exactly these columns, in this order. A file of another implementation is used unchanged, except that missing
-- columns tasks.updated_at and tasks.result are added.
CREATE TABLE IF NOT EXISTS messages (
  id TEXT PRIMARY KEY,
  sender TEXT,
  recipient TEXT,
  content TEXT,
  read INTEGER DEFAULT 0,
  created_at TEXT DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS tasks (
  id TEXT PRIMARY KEY,
  sender TEXT,
  recipient TEXT,
  title TEXT,
  description TEXT,
  status TEXT DEFAULT 'pending',
  created_at TEXT DEFAULT CURRENT_TIMESTAMP,
  updated_at TEXT,
  result TEXT
);

CREATE INDEX IF NOT EXISTS messages_unread ON messages (recipient) WHERE COALESCE(read, 0) = 0;
CREATE INDEX IF NOT EXISTS messages_by_sender ON messages (sender, recipient);
CREATE INDEX IF NOT EXISTS messages_by_recipient ON messages (recipient, sender);
CREATE INDEX IF NOT EXISTS tasks_by_recipient ON tasks (recipient, status);
CREATE INDEX IF NOT EXISTS tasks_by_sender ON tasks (sender, status);

-- Values of a message beside the documented columns.
CREATE TABLE message_details (
  message_id TEXT PRIMARY KEY,
  sender TEXT,
  reply_to TEXT,
  task_id TEXT,
  idempotency_key TEXT,
  read_at TEXT,
  redelivered INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE UNIQUE INDEX message_details_key ON message_details (sender, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX message_details_task ON message_details (task_id) WHERE task_id IS NOT NULL;

-- Leases, until the reply has left the process. items: {"messages": [R], "tasks": [{"task": R, "side"}]}, where R is a row of the table:
-- {"row", "id"}, or {"row", "bytes"} if the id is not text.
CREATE TABLE deliveries (
  batch TEXT PRIMARY KEY,
  agent TEXT NOT NULL,
  owner TEXT NOT NULL,
  process TEXT NOT NULL,
  items TEXT NOT NULL,
  expires_at TEXT NOT NULL
) WITHOUT ROWID;

-- Values of a task beside the documented columns. The flags say for which side the task is news.
CREATE TABLE task_details (
  task_id TEXT PRIMARY KEY,
  sender TEXT,
  idempotency_key TEXT,
  holder TEXT,
  holder_process TEXT,
  held_until TEXT,
  assignee_unseen INTEGER NOT NULL DEFAULT 0,
  creator_unseen INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX task_details_key ON task_details (sender, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX task_details_holder ON task_details (holder) WHERE holder IS NOT NULL;
CREATE INDEX task_details_for_assignee ON task_details (task_id) WHERE assignee_unseen = 1;
CREATE INDEX task_details_for_creator ON task_details (task_id) WHERE creator_unseen = 1;

-- Each change of a task. actor is NULL for a change by hand.
CREATE TABLE task_events (
  seq INTEGER PRIMARY KEY,
  task_id TEXT NOT NULL,
  at TEXT NOT NULL,
  actor TEXT,
  instance TEXT,
  from_status TEXT,
  to_status TEXT,
  note TEXT
);
CREATE INDEX task_events_by_task ON task_events (task_id, seq);

CREATE TABLE agents (
  name TEXT PRIMARY KEY,
  added_at TEXT NOT NULL,
  last_seen TEXT,
  host TEXT,
  client TEXT
) WITHOUT ROWID;

-- The running server processes.
CREATE TABLE instances (
  id TEXT PRIMARY KEY,
  agent TEXT NOT NULL,
  host TEXT NOT NULL,
  process TEXT NOT NULL,
  client TEXT,
  last_seen TEXT NOT NULL
) WITHOUT ROWID;

-- The text index is filled in the background, never by a trigger: an INSERT by hand neither needs it nor waits for it.
CREATE VIRTUAL TABLE message_index USING fts5 (content, content = 'messages', tokenize = "unicode61 remove_diacritics 0");
-- The last indexed row; if it is gone or replaced, the index is rebuilt.
CREATE TABLE message_index_state (only INTEGER PRIMARY KEY CHECK (only = 1), last_row INTEGER NOT NULL, last_id BLOB);

-- A task that is inserted or moved by hand is news like any other. (Not INSERT OR IGNORE: in a trigger the conflict clause of the outer
-- statement takes precedence.)
CREATE TRIGGER task_inserted AFTER INSERT ON tasks WHEN NEW.id IS NOT NULL BEGIN
  INSERT INTO task_details (task_id, sender, assignee_unseen)
    SELECT NEW.id, NEW.sender, COALESCE(NEW.status, '') NOT IN ('completed', 'failed')
    WHERE NOT EXISTS (SELECT 1 FROM task_details WHERE task_id = NEW.id);
  INSERT INTO task_events (task_id, at, from_status, to_status)
    VALUES (NEW.id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), NULL, NEW.status);
END;
CREATE TRIGGER task_moved AFTER UPDATE OF status ON tasks WHEN NEW.id IS NOT NULL AND NEW.status IS NOT OLD.status BEGIN
  UPDATE task_details
    SET creator_unseen = 1, assignee_unseen = CASE WHEN NEW.status IN ('completed', 'failed') THEN 1 ELSE assignee_unseen END
    WHERE task_id = NEW.id;
  INSERT INTO task_events (task_id, at, from_status, to_status)
    VALUES (NEW.id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), OLD.status, NEW.status);
END;

-- Existing tasks: pending ones are news for their assignee.
INSERT INTO task_details (task_id, sender, assignee_unseen)
  SELECT id, sender, COALESCE(status, 'pending') = 'pending' FROM tasks WHERE id IS NOT NULL;
