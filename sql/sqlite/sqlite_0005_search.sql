-- The text index holds the terms of the program's own analysis, and no texts. It is filled in the background. Rowids are those of messages.
DROP TABLE message_index;
-- Empty, programs of the version before scan all messages instead of asking an index.
DELETE FROM message_index_state;
CREATE VIRTUAL TABLE message_terms USING fts5 (terms, content = '', columnsize = 0, detail = none, tokenize = 'ascii');
-- The last indexed row. If it has become another message (VACUUM may give rows other numbers), the index is rebuilt.
CREATE TABLE message_terms_state (only INTEGER PRIMARY KEY CHECK (only = 1), last_row INTEGER, last_id BLOB);
-- Indexed contents of messages that were deleted or changed since: they are removed from the index in the background.
CREATE TABLE message_terms_stale (row INTEGER PRIMARY KEY, content);
CREATE TRIGGER message_deleted AFTER DELETE ON messages WHEN OLD.rowid <= (SELECT last_row FROM message_terms_state) BEGIN
  INSERT INTO message_terms_stale (row, content) SELECT OLD.rowid, OLD.content
    WHERE NOT EXISTS (SELECT 1 FROM message_terms_stale WHERE row = OLD.rowid);
  -- A new message may get the number of the last one.
  UPDATE message_terms_state SET (last_row, last_id) = (SELECT rowid, id FROM messages WHERE rowid < OLD.rowid ORDER BY rowid DESC LIMIT 1)
    WHERE last_row = OLD.rowid;
END;
CREATE TRIGGER message_rewritten AFTER UPDATE OF content ON messages
  WHEN OLD.rowid <= (SELECT last_row FROM message_terms_state) AND NEW.content IS NOT OLD.content BEGIN
  INSERT INTO message_terms_stale (row, content) SELECT OLD.rowid, OLD.content
    WHERE NOT EXISTS (SELECT 1 FROM message_terms_stale WHERE row = OLD.rowid);
END;
