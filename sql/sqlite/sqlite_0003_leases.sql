-- Leases: what was taken, until its reply has left the process.
CREATE TABLE leases (
  id TEXT PRIMARY KEY,
  agent TEXT NOT NULL,
  instance TEXT NOT NULL,
  process TEXT NOT NULL,
  expires_at TEXT NOT NULL
) WITHOUT ROWID;

-- The items of a lease. kind is 'message', or the side of a task ('assignee', 'creator') whose news was taken. id is the id in the
-- documented table, of any type; row identifies a row whose id is NULL.
CREATE TABLE lease_items (
  lease TEXT NOT NULL,
  kind TEXT NOT NULL,
  row INTEGER NOT NULL,
  id,
  PRIMARY KEY (lease, kind, row)
) WITHOUT ROWID;
CREATE TRIGGER lease_ended AFTER DELETE ON leases BEGIN
  DELETE FROM lease_items WHERE lease = OLD.id;
END;

-- Leases of schema 2, where items was {"messages": [R], "tasks": [{"task": R, "side"}]}, R {"row", "id"}, or {"row", "bytes"} if the id
-- was not text.
INSERT INTO leases (id, agent, instance, process, expires_at) SELECT batch, agent, owner, process, expires_at FROM deliveries;
INSERT OR IGNORE INTO lease_items (lease, kind, row, id)
  SELECT batch, 'message', m.rowid, m.id FROM deliveries CROSS JOIN json_each(items, '$.messages') i CROSS JOIN messages m
    ON m.id = json_extract(i.value, '$.id') OR (m.rowid = json_extract(i.value, '$.row') AND hex(m.id) = json_extract(i.value, '$.bytes'));
INSERT OR IGNORE INTO lease_items (lease, kind, row, id)
  SELECT batch, json_extract(i.value, '$.side'), t.rowid, t.id FROM deliveries CROSS JOIN json_each(items, '$.tasks') i CROSS JOIN tasks t
    ON t.id = json_extract(i.value, '$.task.id') OR (t.rowid = json_extract(i.value, '$.task.row') AND hex(t.id) = json_extract(i.value, '$.task.bytes'));
DROP TABLE deliveries;

-- The flags say for which side a task is news.
ALTER TABLE task_details RENAME COLUMN assignee_unseen TO assignee_news;
ALTER TABLE task_details RENAME COLUMN creator_unseen TO creator_news;
