-- Optional hardening of a workspace: each agent has a login of its own, which may call the verbs for this agent, and has no right on any
-- table. Run as the owner of the schema, once; running it again is harmless:
--
--   psql -v schema=cowork_bridge -1 -f postgres_roles.sql
--
-- Then create a login for each agent, as a role with CREATEROLE, and bind it as the owner:
--
--   CREATE ROLE code_agent LOGIN PASSWORD '…';
--   SELECT cowork_bridge.add_login('code_agent', 'code');
--
-- SELECT cowork_bridge.remove_login('code_agent') takes every right back. From the first add_login on, a login without an agent is refused,
-- the owner of the schema aside.
SET LOCAL search_path = :"schema", pg_catalog, pg_temp;
SELECT harden();
