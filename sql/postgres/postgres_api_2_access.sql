-- Who acts. A verb is a SECURITY DEFINER function: it runs as the owner of the schema, and a login of an agent has no other right.
SET LOCAL search_path = :"schema", pg_catalog, pg_temp;

-- Refuses a call, by a sentence for people and a detail for the program. Codes: CW400 a value, CW403 not allowed, CW404 an unknown agent
-- (known ones), CW409 an id that exists, CW410 an id that names none or several (the field, what was given, and those), CW412 a key that was
-- used for another message (its id, and the key), CW413 too many recipients (their number). chr(31) stands between the parts of a detail.
CREATE OR REPLACE FUNCTION refuse(code text, message text, detail text DEFAULT '') RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF detail = '' THEN RAISE EXCEPTION '%', message USING ERRCODE = code; END IF;
  RAISE EXCEPTION '%', message USING ERRCODE = code, DETAIL = detail;
END
$$;

-- The agent that this login is bound to; NULL if it may act for any. session_user decides, which SQL cannot change, never a setting.
--
-- Every verb begins with this, and so waits no longer than this for what others keep locked: its connection serves other calls, then it is tried
-- again. Less than a second, which a call may occupy the connection that listens.
CREATE OR REPLACE FUNCTION my_agent() RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  mine text;
  has_logins boolean;
BEGIN
  SELECT (SELECT l.agent FROM agent_logins l WHERE l.login = session_user), EXISTS (SELECT 1 FROM agent_logins)
    INTO mine, has_logins FROM set_config('lock_timeout', '900ms', true);
  IF mine IS NULL AND has_logins AND NOT pg_has_role(session_user, current_user, 'MEMBER') THEN
    PERFORM refuse('CW403', format('the login "%s" belongs to no agent: the owner of the schema gives it one with add_login', session_user));
  END IF;
  RETURN mine;
END
$$;

-- The agent that acts: the one that the login is bound to, or the given one.
CREATE OR REPLACE FUNCTION acting_agent(claimed text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  mine text := my_agent();
BEGIN
  IF mine <> claimed THEN
    PERFORM refuse('CW403', format(
      'the login "%s" is the agent "%s" and cannot act as "%s": start the server as %2$s, or with the login of %3$s',
      session_user, mine, claimed));
  END IF;
  RETURN COALESCE(mine, claimed);
END
$$;

-- Has the commit wait for the disk and the standbys, as that of a call that writes. A repeated call answers for what its first attempt wrote, and
-- the wait of that one may have been cut short: its rows are there, and a failover would lose them.
CREATE OR REPLACE FUNCTION wait_for_earlier_commits() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM pg_logical_emit_message(true, 'bridge', '');
END
$$;

CREATE OR REPLACE FUNCTION check_size(field text, value text, minimum integer, maximum integer) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  IF octet_length(value) NOT BETWEEN minimum AND maximum THEN
    PERFORM refuse('CW400', format('%s has %s bytes, and %s to %s are allowed', field, octet_length(value), minimum, maximum));
  END IF;
END
$$;

-- Whether an agent can have this name.
CREATE OR REPLACE FUNCTION is_name(name text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN COALESCE(name ~ '^[a-z0-9][a-z0-9._-]{0,62}$', false);
END
$$;

-- Refuses a name that no agent can have.
CREATE OR REPLACE FUNCTION check_name(field text, name text) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  IF is_name(name) THEN RETURN; END IF;
  PERFORM refuse('CW400', format(
    '%s must be the name of an agent, 1 to 63 of a-z, 0-9, ., _ and -, a letter or digit first, and is %s', field,
    COALESCE(quote_literal(left(name, 80)), 'missing')));
END
$$;

-- Refuses a recipient that no agent is. Two agents exist without having connected. The detail has the names from which the fewest characters
-- differ, whatever their order: never more than the edits from one to the other. The program finds the nearest of them.
CREATE OR REPLACE FUNCTION require_agent(wanted text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  IF wanted IN ('code', 'cowork') OR EXISTS (SELECT 1 FROM agents WHERE name = wanted) THEN RETURN; END IF;
  PERFORM refuse('CW404', format('there is no agent "%s"', wanted), COALESCE((
    WITH letters AS MATERIALIZED (SELECT letter, count(*) AS times FROM regexp_split_to_table(wanted, '') AS letter GROUP BY letter)
    SELECT string_agg(n.name, ' ') FROM (SELECT a.name FROM agents a ORDER BY greatest(length(a.name), length(wanted)) - (
      SELECT sum(least(length(a.name) - length(replace(a.name, letter, '')), times)) FROM letters), a.name LIMIT 2000) AS n), ''));
END
$$;

CREATE OR REPLACE FUNCTION schema_version() RETURNS integer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  RETURN (SELECT COALESCE(max(version), 0) FROM bridge_schema);
END
$$;
COMMENT ON FUNCTION schema_version IS 'The version of this schema.';

-- The name of this schema: the search path puts it after the catalogue.
CREATE OR REPLACE FUNCTION workspace() RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  RETURN (current_schemas(false))[2];
END
$$;

CREATE OR REPLACE FUNCTION channel(agent text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  -- Anybody can listen, and channels carry no data.
  PERFORM my_agent();
  RETURN channel_of(workspace(), agent);
END
$$;
COMMENT ON FUNCTION channel IS 'The channel to LISTEN on for an agent; that of the empty name hears of everything.';

-- The processes of the agent's instances whose heartbeat is recent. One in the future was sent before the clock was set back.
CREATE OR REPLACE FUNCTION processes_of(wanted text, seconds double precision) RETURNS text[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  RETURN (SELECT COALESCE(array_agg(process), '{}') FROM instances
  WHERE agent = wanted AND last_seen BETWEEN clock_timestamp() - least(seconds, 1e9) * interval '1 second'
    AND clock_timestamp() + least(seconds, 1e9) * interval '1 second');
END
$$;

-- The stored id of a message that an agent, or anybody, sent or received: the given one, else one that differs in case only, else the only one that begins
-- with at least 8 given characters. Refuses, with the candidates, where several do.
CREATE OR REPLACE FUNCTION id_of_message(of_agent text, given text, also_begun boolean, field text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  whole text := (SELECT m.id FROM messages m WHERE lower(m.id) = lower(given) AND (of_agent IS NULL OR of_agent IN (m.sender, m.recipient))
    ORDER BY m.id = given DESC, m.seq LIMIT 1);
BEGIN
  IF whole IS NOT NULL OR NOT also_begun OR char_length(given) < 8 THEN RETURN whole; END IF;
  RETURN only_candidate(field, given, ARRAY(
    SELECT ARRAY[m.id, concat(left(m.sender, 100), ', ', left(m.created_at, 100))] FROM messages m
    WHERE lower(m.id) ~>=~ lower(given) AND lower(m.id) ~<~ (lower(given) || '~') AND (of_agent IS NULL OR of_agent IN (m.sender, m.recipient))
    ORDER BY lower(m.id) USING ~<~ LIMIT 11));
END
$$;

-- The same for a task that an agent, or anybody, created or is assigned to.
CREATE OR REPLACE FUNCTION id_of_task(of_agent text, wanted text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  whole text := (SELECT t.id FROM tasks t WHERE lower(t.id) = lower(wanted) AND (of_agent IS NULL OR of_agent IN (t.sender, t.recipient))
    ORDER BY t.id = wanted DESC, t.seq LIMIT 1);
BEGIN
  IF whole IS NOT NULL OR char_length(wanted) < 8 THEN RETURN whole; END IF;
  RETURN only_candidate('task_id', wanted, ARRAY(
    SELECT ARRAY[t.id, left(t.title, 100)] FROM tasks t
    WHERE lower(t.id) ~>=~ lower(wanted) AND lower(t.id) ~<~ (lower(wanted) || '~') AND (of_agent IS NULL OR of_agent IN (t.sender, t.recipient))
    ORDER BY lower(t.id) USING ~<~ LIMIT 11));
END
$$;

-- The id of the only candidate, if there is one. Candidates are ids and what tells them apart.
CREATE OR REPLACE FUNCTION only_candidate(field text, given text, candidates text[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  IF array_length(candidates, 1) > 1 THEN
    PERFORM refuse('CW410', format('several ids begin with the %s "%s"', field, given),
      array_to_string(ARRAY[field, given] || ARRAY(SELECT unnest(candidates)), chr(31), ''));
  END IF;
  RETURN candidates[1][1];
END
$$;

-- Refuses where an id names nothing of the agent's.
CREATE OR REPLACE FUNCTION required_id(stored text, field text, given text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  IF stored IS NULL THEN
    PERFORM refuse('CW410', format('the %s "%s" names no message or task of the agent', field, left(given, 200)),
      concat_ws(chr(31), field, given));
  END IF;
  RETURN stored;
END
$$;

-- A viewer is whoever looks into an inbox, as JSON: session and instance, the parts of what its ids end with; all, where it sees what is kept
-- for others; dead and alive, the sessions of the agent of which its host knows; presence, reservation and precedence, in
-- seconds; lease, under which it waits for a reply. Without any of it, it is nobody's session.

-- Whether something is kept for somebody else: for a living session, or within one for a moment for the instance that asked.
CREATE OR REPLACE FUNCTION is_kept(of_agent text, mark text, until timestamptz, viewer jsonb) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  longest interval := COALESCE((viewer ->> 'reservation')::double precision, 600) * interval '1 second';
BEGIN
  IF until IS NULL OR mark IS NULL OR until NOT BETWEEN clock_timestamp() AND clock_timestamp() + longest OR (viewer ->> 'all')::boolean THEN
    RETURN false;
  ELSIF left(mark, 10) = viewer ->> 'session' THEN
    RETURN substr(mark, 11) <> viewer ->> 'instance' AND until > clock_timestamp() + longest
      - COALESCE((viewer ->> 'precedence')::double precision, 0.3) * interval '1 second';
  END IF;
  RETURN EXISTS (
    SELECT 1 FROM sessions s WHERE s.agent = of_agent AND s.stamp = left(mark, 10) AND NOT s.has_ended
      AND NOT COALESCE(viewer -> 'dead' ? s.stamp, false)
      AND (s.last_seen > clock_timestamp() - COALESCE((viewer ->> 'presence')::double precision, 45) * interval '1 second'
        OR viewer -> 'alive' ? s.stamp));
END
$$;

-- The unread messages of an agent that are kept for others than the viewer, or set aside after five leases that expired, or come alone after
-- three.
CREATE OR REPLACE FUNCTION held(of_agent text, of_sender text, viewer jsonb)
RETURNS TABLE (seq bigint, is_hidden boolean, is_set_aside boolean, is_alone boolean)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT m.seq, d.expiries >= 5 OR (d.kept_for IS NOT NULL AND (is_kept(of_agent, d.kept_for, d.kept_until, viewer) OR EXISTS (
      SELECT 1 FROM lease_items i JOIN leases l ON l.id = i.lease
      WHERE i.kind = 'reply' AND i.seq = (SELECT q.seq FROM messages q WHERE q.id = d.reply_to) AND l.id <> COALESCE(viewer ->> 'lease', '')
        AND l.expires_at BETWEEN clock_timestamp() AND clock_timestamp() + interval '1 minute'))), d.expiries >= 5, d.expiries >= 3
    FROM message_details d JOIN messages m ON m.id = d.message_id
    WHERE d.recipient = of_agent AND (d.kept_for IS NOT NULL OR d.expiries >= 3) AND m.recipient = of_agent AND COALESCE(m.read, 0) = 0
      AND (of_sender IS NULL OR m.sender = of_sender);
END
$$;

-- The sessions for which something is kept, with their processes, of which only a process on the same host can tell whether they run.
CREATE OR REPLACE FUNCTION sessions_to_check(of_agent text, process text, viewer jsonb) RETURNS text[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  since timestamptz := clock_timestamp() - COALESCE((viewer ->> 'reservation')::double precision, 600) * interval '1 second';
BEGIN
  RETURN ARRAY(
    SELECT 'session:' || s.stamp || ' ' || s.process FROM sessions s
    WHERE s.agent = of_agent AND NOT s.has_ended AND s.stamp IS DISTINCT FROM viewer ->> 'session'
      AND starts_with(s.process, split_part(sessions_to_check.process, '|', 1) || '|') AND s.process <> ''
      AND NOT COALESCE(viewer -> 'dead' ? s.stamp OR viewer -> 'alive' ? s.stamp, false)
      AND (EXISTS (SELECT 1 FROM message_details d WHERE d.recipient = of_agent AND (d.kept_for IS NOT NULL OR d.expiries >= 3)
          AND left(d.kept_for, 10) = s.stamp AND d.kept_until > clock_timestamp())
        OR EXISTS (SELECT 1 FROM task_details d WHERE d.creator_news = 1 AND d.creator = of_agent AND d.news_at > since
          AND left(right(d.task_id, 12), 10) = s.stamp)
        OR EXISTS (SELECT 1 FROM task_details d WHERE d.assignee_news = 1 AND d.assignee = of_agent AND d.news_at > since
          AND d.holder_session = s.stamp)));
END
$$;

-- Whether news of a task is kept for another session: the creator's for the one that created it, the assignee's for the one that held it.
CREATE OR REPLACE FUNCTION keeps_news(of_agent text, details task_details, of_creator boolean, viewer jsonb) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  RETURN details.news_at IS NOT NULL AND is_kept(of_agent,
    CASE WHEN of_creator THEN right(details.task_id, 12) ELSE details.holder_session || (viewer ->> 'instance') END,
    details.news_at + COALESCE((viewer ->> 'reservation')::double precision, 600) * interval '1 second', viewer);
END
$$;
