-- Agents call functions instead of reading and writing tables: see the files postgres_api_*.sql, which are applied after the newest of
-- these numbered files. By hand: psql -v schema=cowork_bridge -1 -f postgres_0005_functions.sql
SET LOCAL search_path = :"schema", pg_catalog, pg_temp;

-- The agent of a login. While the table is empty, every role that may call the functions acts for any agent.
CREATE TABLE IF NOT EXISTS agent_logins (
  login name PRIMARY KEY,
  agent text NOT NULL
);

CREATE INDEX leases_by_agent ON leases (agent);

-- A plan of PL/pgSQL is kept, and one of SQL is made at each call.
CREATE OR REPLACE FUNCTION channel_of(workspace text, agent text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN 'cowork_' || left(encode(sha256(convert_to(workspace || ' ' || agent, 'UTF8')), 'hex'), 24);
END
$$;

-- One notification for each recipient of a statement, and one for those that watch the whole workspace.
DROP TRIGGER something_happened ON messages;
CREATE OR REPLACE FUNCTION messages_inserted() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  PERFORM pg_notify(channel_of(TG_TABLE_SCHEMA, recipient), 'messages')
    FROM (SELECT DISTINCT recipient FROM inserted WHERE recipient IS NOT NULL AND COALESCE(read, 0) = 0) AS recipients;
  PERFORM pg_notify(channel_of(TG_TABLE_SCHEMA, ''), '');
  RETURN NULL;
END
$$;

-- The functions of triggers look for names in the catalogue first.
ALTER FUNCTION message_unread_again() SET search_path = pg_catalog, :"schema", pg_temp;
ALTER FUNCTION task_inserted() SET search_path = pg_catalog, :"schema", pg_temp;
ALTER FUNCTION task_moved() SET search_path = pg_catalog, :"schema", pg_temp;
ALTER FUNCTION something_happened() SET search_path = pg_catalog, :"schema", pg_temp;

INSERT INTO bridge_schema (version) VALUES (5);
