-- Two indexes serve what five did, so a message is written to four B-trees instead of seven. What an agent has sent is read along
-- messages_by_sender, one recipient after the other, and what it has received along messages_inbox, one state after the other.
DROP INDEX IF EXISTS messages_unread;
DROP INDEX IF EXISTS messages_by_recipient;
DROP INDEX IF EXISTS messages_of_sender;
DROP INDEX IF EXISTS messages_of_recipient;
CREATE INDEX IF NOT EXISTS messages_inbox ON messages (recipient, COALESCE(read, 0));
