-- The channel for watching the whole workspace is that of an agent with an empty name, which no agent can have. By hand:
-- psql -v schema=cowork_bridge -1 -f postgres_0003_watching.sql
SET LOCAL search_path = :"schema", pg_catalog, pg_temp;

CREATE FUNCTION something_happened() RETURNS trigger
LANGUAGE plpgsql SET search_path = :"schema", pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM pg_notify(channel_of(TG_TABLE_SCHEMA, ''), '');
  RETURN NULL;
END
$$;
CREATE TRIGGER something_happened AFTER INSERT ON messages FOR EACH STATEMENT EXECUTE FUNCTION something_happened();
CREATE TRIGGER something_happened AFTER INSERT ON task_events FOR EACH STATEMENT EXECUTE FUNCTION something_happened();

INSERT INTO bridge_schema (version) VALUES (3);
