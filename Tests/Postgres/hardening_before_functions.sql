-- postgres_roles.sql of schema version 3, when a login had grants on tables under row-level security. RolesTests converts what it made.
--
-- Optional hardening of one workspace: each agent logs in with a role of its own, and row-level security keeps to its side what it may see
-- and change, also with plain psql. Run by the owner of the schema, after `migrate`; running it again is harmless:
--
--   psql -v schema=cowork_bridge -1 -f postgres_roles.sql
--
-- Then, for each agent, a login and its identity:
--
--   CREATE ROLE code_agent LOGIN PASSWORD '…';
--   SELECT cowork_bridge.add_login('code_agent', 'code');
SET LOCAL search_path = :"schema", pg_catalog, pg_temp;

-- Who a login is. The session's user decides, never a setting: anybody who can run SQL can change a setting.
CREATE TABLE IF NOT EXISTS agent_logins (
  login name PRIMARY KEY,
  agent text NOT NULL
);

CREATE OR REPLACE FUNCTION my_agent() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = :"schema", pg_catalog, pg_temp
AS $$ SELECT agent FROM agent_logins WHERE login = session_user $$;

-- Details belong to whoever wrote the message, also while its row is being written by the same statement.
CREATE OR REPLACE FUNCTION is_my_message(wanted text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = :"schema", pg_catalog, pg_temp
AS $$ SELECT NOT EXISTS (SELECT 1 FROM messages WHERE id = wanted AND sender IS DISTINCT FROM my_agent()) $$;

-- An ended task stays ended, and a task stays with its two sides.
CREATE OR REPLACE FUNCTION task_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = :"schema", pg_catalog, pg_temp
AS $$
BEGIN
  IF OLD.status IN ('completed', 'failed') AND (NEW.status, NEW.result) IS DISTINCT FROM (OLD.status, OLD.result) THEN
    RAISE EXCEPTION 'task % is % already, and an ended task stays as it is', OLD.id, OLD.status USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END
$$;
DROP TRIGGER IF EXISTS task_guard ON tasks;
CREATE TRIGGER task_guard BEFORE UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION task_guard();

-- What stands beside a task has sides as well: the key is the creator's, the claim the assignee's (it ends with the task, whoever ends it),
-- and what one has not seen only that one has seen.
CREATE OR REPLACE FUNCTION task_details_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = :"schema", pg_catalog, pg_temp
AS $$
DECLARE
  me text := my_agent();
  task tasks;
BEGIN
  -- The owner is nobody's side.
  IF me IS NULL THEN
    RETURN NEW;
  END IF;
  SELECT * INTO task FROM tasks WHERE id = NEW.task_id;
  IF NEW.task_id <> OLD.task_id
    OR (task.sender IS DISTINCT FROM me
      AND (NEW.creator_unseen < OLD.creator_unseen
        OR (NEW.sender, NEW.idempotency_key) IS DISTINCT FROM (OLD.sender, OLD.idempotency_key)))
    OR (task.recipient IS DISTINCT FROM me
      AND (NEW.assignee_unseen < OLD.assignee_unseen
        OR ((NEW.holder, NEW.holder_process, NEW.held_until) IS DISTINCT FROM (OLD.holder, OLD.holder_process, OLD.held_until)
          AND NOT (COALESCE(NEW.holder, NEW.holder_process, NEW.held_until::text) IS NULL AND task.status IN ('completed', 'failed')))))
  THEN
    RAISE EXCEPTION 'this side of task % is not the one of %', NEW.task_id, me USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END
$$;
DROP TRIGGER IF EXISTS task_details_guard ON task_details;
CREATE TRIGGER task_details_guard BEFORE INSERT OR UPDATE ON task_details FOR EACH ROW EXECUTE FUNCTION task_details_guard();

-- What a login gets. (A function, so that the grants stand in one place for every login.)
CREATE OR REPLACE FUNCTION add_login(login name, identity text) RETURNS void
LANGUAGE plpgsql SET search_path = :"schema", pg_catalog, pg_temp
AS $$
DECLARE
  own text := quote_ident(current_schema());
BEGIN
  IF identity !~ '^[a-z0-9][a-z0-9._-]{0,62}$' THEN
    RAISE EXCEPTION '"%" is not the name of an agent', identity;
  END IF;
  EXECUTE format('GRANT USAGE ON SCHEMA %s TO %I', own, login);
  EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %s TO %I', own, login);
  EXECUTE format('REVOKE ALL ON %s.agent_logins FROM %I', own, login);
  EXECUTE format('GRANT INSERT, UPDATE (read) ON %s.messages TO %I', own, login);
  EXECUTE format('GRANT INSERT, UPDATE (status, result, updated_at) ON %s.tasks TO %I', own, login);
  EXECUTE format('GRANT INSERT, UPDATE (read_at, redelivered) ON %s.message_details TO %I', own, login);
  EXECUTE format('GRANT INSERT, UPDATE ON %s.task_details TO %I', own, login);
  EXECUTE format('GRANT INSERT, UPDATE (actor, instance, note) ON %s.task_events TO %I', own, login);
  EXECUTE format('GRANT INSERT, UPDATE, DELETE ON %s.deliveries, %s.instances TO %I', own, own, login);
  EXECUTE format('GRANT INSERT, UPDATE ON %s.agents TO %I', own, login);
  EXECUTE format('GRANT EXECUTE ON FUNCTION %s.my_agent(), %s.is_my_message(text) TO %I', own, own, login);
  INSERT INTO agent_logins VALUES (add_login.login, identity)
    ON CONFLICT ON CONSTRAINT agent_logins_pkey DO UPDATE SET agent = excluded.agent;
  INSERT INTO agents (name) VALUES (identity) ON CONFLICT (name) DO NOTHING;
END
$$;

REVOKE ALL ON FUNCTION my_agent(), is_my_message(text), add_login(name, text) FROM PUBLIC;
REVOKE ALL ON SCHEMA :"schema" FROM PUBLIC;

ALTER TABLE messages ENABLE ROW LEVEL SECURITY;
ALTER TABLE tasks ENABLE ROW LEVEL SECURITY;
ALTER TABLE message_details ENABLE ROW LEVEL SECURITY;
ALTER TABLE task_details ENABLE ROW LEVEL SECURITY;
ALTER TABLE task_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE deliveries ENABLE ROW LEVEL SECURITY;
ALTER TABLE agents ENABLE ROW LEVEL SECURITY;
ALTER TABLE instances ENABLE ROW LEVEL SECURITY;

-- Calls stand in a SELECT of their own, so that they are made once a statement and not once a row.
DROP POLICY IF EXISTS mine ON messages;
DROP POLICY IF EXISTS from_me ON messages;
DROP POLICY IF EXISTS to_me ON messages;
CREATE POLICY mine ON messages FOR SELECT USING (recipient = (SELECT my_agent()) OR sender = (SELECT my_agent()));
CREATE POLICY from_me ON messages FOR INSERT WITH CHECK (sender = (SELECT my_agent()) AND COALESCE(read, 0) = 0);
CREATE POLICY to_me ON messages FOR UPDATE USING (recipient = (SELECT my_agent())) WITH CHECK (recipient = (SELECT my_agent()));

DROP POLICY IF EXISTS mine ON tasks;
DROP POLICY IF EXISTS from_me ON tasks;
DROP POLICY IF EXISTS my_side ON tasks;
CREATE POLICY mine ON tasks FOR SELECT USING (recipient = (SELECT my_agent()) OR sender = (SELECT my_agent()));
CREATE POLICY from_me ON tasks FOR INSERT WITH CHECK (sender = (SELECT my_agent()) AND status = 'pending');
CREATE POLICY my_side ON tasks FOR UPDATE
  USING (recipient = (SELECT my_agent()) OR sender = (SELECT my_agent()))
  WITH CHECK (recipient = (SELECT my_agent()) OR (sender = (SELECT my_agent()) AND status = 'failed'));

-- The rows beside a message or a task are seen and changed with it: the inner SELECT is under the same security.
DROP POLICY IF EXISTS mine ON message_details;
DROP POLICY IF EXISTS from_me ON message_details;
DROP POLICY IF EXISTS to_me ON message_details;
CREATE POLICY mine ON message_details FOR SELECT
  USING (sender = (SELECT my_agent()) OR EXISTS (SELECT 1 FROM messages WHERE id = message_id));
CREATE POLICY from_me ON message_details FOR INSERT
  WITH CHECK (
    (sender = (SELECT my_agent()) AND is_my_message(message_id))
    OR (sender IS NULL AND EXISTS (SELECT 1 FROM messages WHERE id = message_id AND recipient = (SELECT my_agent()))));
CREATE POLICY to_me ON message_details FOR UPDATE
  USING (EXISTS (SELECT 1 FROM messages WHERE id = message_id AND recipient = (SELECT my_agent())));

DROP POLICY IF EXISTS with_task ON task_details;
CREATE POLICY with_task ON task_details USING (EXISTS (SELECT 1 FROM tasks WHERE id = task_id));

DROP POLICY IF EXISTS with_task ON task_events;
DROP POLICY IF EXISTS recorded ON task_events;
DROP POLICY IF EXISTS signed ON task_events;
CREATE POLICY with_task ON task_events FOR SELECT USING (EXISTS (SELECT 1 FROM tasks WHERE id = task_id));
CREATE POLICY recorded ON task_events FOR INSERT
  WITH CHECK (EXISTS (SELECT 1 FROM tasks WHERE id = task_id) AND COALESCE(actor, (SELECT my_agent())) = (SELECT my_agent()));
CREATE POLICY signed ON task_events FOR UPDATE
  USING (actor IS NULL AND EXISTS (SELECT 1 FROM tasks WHERE id = task_id)) WITH CHECK (actor = (SELECT my_agent()));

DROP POLICY IF EXISTS mine ON deliveries;
CREATE POLICY mine ON deliveries USING (agent = (SELECT my_agent())) WITH CHECK (agent = (SELECT my_agent()));

DROP POLICY IF EXISTS everybody ON agents;
DROP POLICY IF EXISTS me ON agents;
DROP POLICY IF EXISTS still_me ON agents;
CREATE POLICY everybody ON agents FOR SELECT USING (true);
CREATE POLICY me ON agents FOR INSERT WITH CHECK (name = (SELECT my_agent()));
CREATE POLICY still_me ON agents FOR UPDATE USING (name = (SELECT my_agent())) WITH CHECK (name = (SELECT my_agent()));

DROP POLICY IF EXISTS everybody ON instances;
DROP POLICY IF EXISTS mine ON instances;
CREATE POLICY everybody ON instances FOR SELECT USING (true);
CREATE POLICY mine ON instances USING (agent = (SELECT my_agent())) WITH CHECK (agent = (SELECT my_agent()));
