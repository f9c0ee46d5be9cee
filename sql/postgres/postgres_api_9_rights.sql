-- Who may call. Only the owner of the schema runs these functions.
SET LOCAL search_path = :"schema", pg_catalog, pg_temp;

-- Lets a role call the verbs, and takes every other right from it.
CREATE OR REPLACE FUNCTION grant_verbs(login name) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  verb regprocedure;
BEGIN
  PERFORM revoke_all(login);
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', workspace(), login);
  FOR verb IN SELECT oid FROM pg_proc WHERE pronamespace = quote_ident(workspace())::regnamespace AND prosecdef LOOP
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', verb, login);
  END LOOP;
  IF NOT has_schema_privilege(login, workspace(), 'USAGE') THEN
    PERFORM refuse('CW403', format('first the owner of the schema must run: GRANT USAGE ON SCHEMA %I TO %I', workspace(), login));
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION revoke_all(login name) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  EXECUTE format('REVOKE ALL ON SCHEMA %I FROM %I', workspace(), login);
  EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM %I', workspace(), login);
  EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA %I FROM %I', workspace(), login);
  EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA %I FROM %I', workspace(), login);
END
$$;

-- Refuses what is no login that an agent can have.
CREATE OR REPLACE FUNCTION require_login(login name) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  IF login = (SELECT r.rolname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE c.oid = 'messages'::regclass) THEN
    PERFORM refuse('CW400', format('"%s" owns this schema and needs its rights: give the agent a login of its own', login));
  ELSIF login IS NULL OR NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = login) THEN
    PERFORM refuse('CW400', format('there is no login "%s": CREATE ROLE ... LOGIN first', login));
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION add_login(login name, agent text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, :"schema", pg_temp
AS $$
#variable_conflict use_column
BEGIN
  PERFORM require_login(add_login.login), add_agent(add_login.agent);
  PERFORM grant_verbs(login);
  INSERT INTO agent_logins AS l (login, agent) VALUES (add_login.login, add_login.agent)
    ON CONFLICT (login) DO UPDATE SET agent = excluded.agent;
END
$$;
COMMENT ON FUNCTION add_login IS 'Binds a login to an agent, for which alone it acts from then on. Example: SELECT add_login(''code_agent'', ''code'')';

CREATE OR REPLACE FUNCTION remove_login(login name) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  -- The row of a role that was dropped has to go as well.
  DELETE FROM agent_logins l WHERE l.login = remove_login.login;
  IF NOT FOUND OR EXISTS (SELECT 1 FROM pg_roles WHERE rolname = remove_login.login) THEN
    PERFORM require_login(remove_login.login), revoke_all(login);
  END IF;
END
$$;
COMMENT ON FUNCTION remove_login IS 'Takes every right on this schema from a login.';

-- Takes from everybody but the owner what only a verb should do: also what the hardening of earlier versions granted.
CREATE OR REPLACE FUNCTION harden() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, :"schema", pg_temp SET client_min_messages = warning
AS $$
DECLARE
  item record;
BEGIN
  FOR item IN SELECT polname, polrelid::regclass AS owner_table FROM pg_policy JOIN pg_class c ON c.oid = polrelid
    WHERE relnamespace = quote_ident(workspace())::regnamespace
  LOOP EXECUTE format('DROP POLICY %I ON %s', item.polname, item.owner_table); END LOOP;
  FOR item IN SELECT oid::regclass AS owner_table FROM pg_class WHERE relnamespace = quote_ident(workspace())::regnamespace AND relrowsecurity
  LOOP EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', item.owner_table); END LOOP;
  DROP TRIGGER IF EXISTS task_guard ON tasks;
  DROP TRIGGER IF EXISTS task_details_guard ON task_details;
  DROP FUNCTION IF EXISTS task_guard(), task_details_guard(), is_my_message(text), is_my_lease(text);
  EXECUTE format('REVOKE ALL ON SCHEMA %I FROM PUBLIC', workspace());
  EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM PUBLIC', workspace());
  EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA %I FROM PUBLIC', workspace());
  PERFORM grant_verbs(login) FROM agent_logins WHERE EXISTS (SELECT 1 FROM pg_roles WHERE rolname = login);
END
$$;

-- Rights that somebody but the owner has and that an agent's login should not have; nothing if the hardening is whole. Most of them harden()
-- takes away; superusers and members of other roles need no grant.
CREATE OR REPLACE FUNCTION hardening_gaps() RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
  SELECT DISTINCT format('%s on %s for %s', a.privilege_type, c.relname, COALESCE(r.rolname, 'PUBLIC'))
    FROM pg_class c CROSS JOIN aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
    WHERE c.relnamespace = quote_ident(workspace())::regnamespace AND a.grantee <> c.relowner
  UNION ALL
  SELECT format('columns of %s for %s', c.relname, COALESCE(r.rolname, 'PUBLIC'))
    FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid CROSS JOIN aclexplode(t.attacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
    WHERE c.relnamespace = quote_ident(workspace())::regnamespace AND a.grantee <> c.relowner
  UNION ALL
  SELECT format('%s for %s', p.proname, COALESCE(r.rolname, 'PUBLIC'))
    FROM pg_proc p CROSS JOIN aclexplode(COALESCE(p.proacl, acldefault('f', p.proowner))) a LEFT JOIN pg_roles r ON r.oid = a.grantee
    WHERE p.pronamespace = quote_ident(workspace())::regnamespace AND a.grantee <> p.proowner AND (a.grantee = 0 OR NOT p.prosecdef)
  UNION ALL
  SELECT format('%s on the schema for %s', a.privilege_type, COALESCE(r.rolname, 'PUBLIC'))
    FROM pg_namespace n CROSS JOIN aclexplode(n.nspacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
    WHERE n.oid = quote_ident(workspace())::regnamespace AND a.grantee NOT IN (n.nspowner, (SELECT relowner FROM pg_class WHERE oid = 'messages'::regclass))
      AND (a.privilege_type = 'CREATE' OR a.grantee = 0)
  UNION ALL
  SELECT DISTINCT format('all tables for %s, %s', u.rolname, CASE WHEN u.rolsuper THEN 'a superuser' ELSE 'a member of ' || r.rolname END)
    FROM agent_logins l JOIN pg_roles u ON u.rolname = l.login
      JOIN pg_roles r ON pg_has_role(u.oid, r.oid, 'MEMBER') AND (u.rolsuper OR r.oid <> u.oid)
    WHERE has_table_privilege(r.oid, 'messages', 'SELECT, INSERT, UPDATE, DELETE') OR has_schema_privilege(r.oid, workspace(), 'CREATE')
  UNION ALL
  SELECT format('the policy %s', polname) FROM pg_policy JOIN pg_class c ON c.oid = polrelid WHERE c.relnamespace = quote_ident(workspace())::regnamespace
$$;

-- New functions may be called by nobody yet. Roles that share the tables of an earlier version may call them.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA :"schema" FROM PUBLIC;
DO $$
DECLARE
  role name;
BEGIN
  IF EXISTS (SELECT 1 FROM agent_logins) THEN PERFORM harden(); END IF;
  FOR role IN
    SELECT r.rolname FROM pg_class c, aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
    WHERE c.oid = 'messages'::regclass AND a.privilege_type = 'INSERT' AND a.grantee <> c.relowner
      AND NOT EXISTS (SELECT 1 FROM agent_logins)
  LOOP EXECUTE format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA %I TO %I', current_schema(), role); END LOOP;
END
$$;

-- Verbs look at a few rows by an index. Compiling them takes longer than that, and so do other processes that help, and a new plan for each
-- call of those that are called most.
DO $$
DECLARE
  verb record;
BEGIN
  FOR verb IN SELECT oid::regprocedure AS name, proname FROM pg_proc WHERE pronamespace = quote_ident(current_schema())::regnamespace AND prosecdef LOOP
    EXECUTE format('ALTER FUNCTION %s SET jit = off SET max_parallel_workers_per_gather = 0', verb.name);
    IF verb.proname IN ('send', 'take', 'look', 'confirm', 'renew', 'undo', 'recover', 'unread', 'create_task', 'task_state', 'change_task',
      'heartbeat') THEN
      EXECUTE format('ALTER FUNCTION %s SET plan_cache_mode = force_generic_plan', verb.name);
    END IF;
  END LOOP;
END
$$;
