import Bridge
import PostgresClient
import SystemSupport

extension PostgresStore {
  public func diagnose() async -> Diagnosis {
    do {
      let connection = try await PostgresConnection.connect(pool.settings)
      do {
        let diagnosis = try await diagnosis(on: connection)
        await connection.close()
        return diagnosis
      } catch {
        await connection.close()
        throw error
      }
    } catch {
      let isReadOnly = (error as? PostgresError)?.attempts.contains { $0.kind == .notAcceptable } ?? false
      let advice =
        isReadOnly
        ? "\(Self.nameAWritableServer) Where only a database or role is read-only: \(Self.allowWriting)"
        : "Check that the database runs and that this machine reaches it; put a password into ~/.pgpass."
      return Diagnosis(.unusable, [Finding(.failure, "store", storeError(error, of: pool.settings).message, advice: advice)])
    }
  }

  private static let nameAWritableServer =
    "A standby accepts no writes: name the primary in the URL, or all servers with target_session_attrs=read-write."
  private static let allowWriting = "ALTER DATABASE or ALTER ROLE … SET default_transaction_read_only = off"

  private func diagnosis(on connection: PostgresConnection) async throws -> Diagnosis {
    let start = ContinuousClock.now
    let row = try await connection.query(
      """
      SELECT current_setting('server_version') AS version, current_user::text AS role, pg_is_in_recovery() AS standby,
        current_setting('transaction_read_only') AS read_only, current_setting('synchronous_commit') AS synchronous_commit,
        current_setting('fsync') AS fsync, pg_backend_pid() AS pid, extract(epoch FROM clock_timestamp())::float8 AS now,
        current_setting('max_connections')::int8 - current_setting('superuser_reserved_connections')::int8 AS limit,
        (SELECT COALESCE(sum(numbackends), 0)::int8 FROM pg_stat_database) AS used,
        has_database_privilege(current_database(), 'CREATE') AS can_create,
        EXISTS (SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = $1 AND tablename = 'bridge_schema') AS has_schema,
        (SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = $1) AS can_use,
        (SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = $1) AS can_fill
      """, [.text(schema.name)]
    ).first
    guard let row else { return Diagnosis(.unusable, [Finding(.failure, "store", "The database gave no answer.")]) }
    // Assumes that the answer was made halfway.
    let clock = try row.get("now", as: Double.self) - (Self.now - (ContinuousClock.now - start).inSeconds / 2)
    let version = try row.get("version", as: String.self).split(separator: " ").first.map(String.init) ?? ""
    var findings = [Finding(.ok, "store", "\(pool.settings.redactedDescription), Postgres \(version).")]
    if connection.serverVersion < 130_000 {
      findings.append(Finding(.failure, "version", "Postgres \(version) is too old.", advice: "Use Postgres 13 or later."))
    }
    findings += try writing(row)
    findings += try await encoding(connection)
    let (state, schema) = try await schemaFinding(row, connection)
    findings.append(schema)
    findings += try await ownersFindings(connection)
    findings.append(try durability(row))
    // A standby refuses LISTEN as it refuses writes.
    if try !row.get("standby", as: Bool.self) {
      findings += await notifications(connection, isPooler: try row.get("pid", as: Int32.self) != connection.serverProcessID)
    }
    findings += [tls(connection), clockFinding(clock), try connections(row)]
    return Diagnosis(state, findings)
  }

  /// What does not work in this database's encoding and locale.
  private func encoding(_ connection: PostgresConnection) async throws -> [Finding] {
    // The letters Ä and ä, where a character of the encoding has this number.
    let row = try await connection.query(
      """
      SELECT name, ctype, lower(chr(upper)) = chr(lower) AS folds FROM (
        SELECT pg_encoding_to_char(encoding)::text AS name, datctype::text AS ctype, CASE WHEN has THEN 196 ELSE 65 END AS upper,
          CASE WHEN has THEN 228 ELSE 97 END AS lower
        FROM pg_database, LATERAL (SELECT encoding = 6 OR pg_encoding_max_length(encoding) = 1 AS has) AS numbers
        WHERE datname = current_database()) AS present
      """
    ).only
    let (name, ctype, folds) = try (row.get("name", as: String.self), row.get("ctype", as: String.self), row.get("folds", as: Bool.self))
    let advice = "Make a database with ENCODING 'UTF8' and a locale such as C.UTF-8, and bring everything into it with `copy`."
    var findings = [Finding]()
    if name == "SQL_ASCII" {
      let found = "The encoding is SQL_ASCII: search finds only words of ASCII letters, and limits count bytes instead of characters."
      findings.append(Finding(.warning, "encoding", found, advice: advice))
    } else if name != "UTF8" {
      let found =
        "The encoding is \(name): a text with any other character, such as an emoji, is refused, and search distinguishes accents."
      findings.append(Finding(.warning, "encoding", found, advice: advice))
    }
    if !folds, name != "SQL_ASCII" {
      let found = "The ctype is \(ctype): search distinguishes capitals from small letters beyond ASCII."
      findings.append(Finding(.warning, "encoding", found, advice: advice))
    }
    return findings
  }

  private func writing(_ row: PostgresRow) throws -> [Finding] {
    if try row.get("standby", as: Bool.self) {
      return [Finding(.failure, "writing", "This server is a standby.", advice: Self.nameAWritableServer)]
    }
    guard try row.get("read_only", as: String.self) == "on" else { return [] }
    return [
      Finding(
        .failure, "writing", "The database is read-only (default_transaction_read_only).", advice: Self.allowWriting)
    ]
  }

  private func schemaFinding(
    _ row: PostgresRow, _ connection: PostgresConnection
  ) async throws -> (Diagnosis.State, Finding) {
    let role: String = try row.get("role")
    let migrate = "Somebody with the rights runs once: cowork-code-mcp-server migrate --database-url …"
    let canCreate: Bool = try row.get("can_create")
    guard try row.get("has_schema", as: Bool.self) else {
      let canFill: Bool? = try row.get("can_fill")
      let found = "The schema \(schema.name) \(canFill == nil ? "does not exist yet" : "is empty")"
      return canFill ?? canCreate
        ? (canCreate ? .absent : .unfinished, Finding(.ok, "schema", "\(found): the first server makes it, as the role \(role) may."))
        : (.unusable, Finding(.failure, "schema", "\(found), and the role \(role) may not make it.", advice: migrate))
    }
    let rights = try row.get("can_use", as: Bool?.self) == true ? try await rights(connection) : Rights()
    guard rights.calls || rights.reads else {
      return (
        .unusable,
        Finding(
          .failure, "schema", "The role \(role) has no rights on the schema \(schema.name).",
          advice: "Its owner grants them, or gives this agent a login of its own: SELECT \(sql.schema).add_login('\(role)', 'AGENT').")
      )
    }
    let source = rights.calls ? "schema_version FROM \(sql.schema).schema_version()" : "max(version) FROM \(sql.schema).bridge_schema"
    let present = try await connection.query("SELECT \(source)").only.get(0, as: Int?.self) ?? 0
    let newest = PostgresMigrator.newest
    if let finding = Finding.schema(of: schema.name, version: present, newest: newest) {
      if present > newest || rights.owns { return (canCreate ? .outdated : .unfinished, finding) }
      let found = "\(schema.name) has version \(present) of \(newest), and the role \(role) may not bring it up to date."
      return (.unusable, Finding(.failure, "schema", found, advice: migrate))
    }
    let whose = !rights.reads ? ", of which \(role) may use the functions alone" : rights.owns ? ", owned by \(role)" : ", used as \(role)"
    return (!rights.reads ? .readyForCalls : .ready, Finding(.ok, "schema", "\(schema.name), version \(present)\(whose)."))
  }

  /// What the role may do with the schema.
  private struct Rights {
    /// To call functions.
    var calls = false
    /// To read tables.
    var reads = false
    var owns = false
  }

  private func rights(_ connection: PostgresConnection) async throws -> Rights {
    let row = try await connection.query(
      """
      SELECT p.oid IS NOT NULL AND has_function_privilege(p.oid, 'EXECUTE') AS calls, has_table_privilege(c.oid, 'SELECT') AS reads,
        pg_has_role(c.relowner, 'USAGE') AS owns
      FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid AND relname = 'messages'
        LEFT JOIN pg_proc p ON pronamespace = n.oid AND proname = 'schema_version'
      WHERE nspname = $1
      """, [.text(schema.name)]
    ).first
    guard let row else { return Rights() }
    return Rights(calls: try row.get("calls"), reads: try row.get("reads"), owns: try row.get("owns"))
  }

  /// What only the owner can see: whether logins have the rights that they should, and whether new rows get free numbers.
  private func ownersFindings(_ connection: PostgresConnection) async throws -> [Finding] {
    guard try await rights(connection).owns, (try? await migrator.status())?.present == PostgresMigrator.newest else { return [] }
    let logins = try await connection.query("SELECT count(*) FROM \(sql.schema).agent_logins").only.get(0, as: Int.self)
    let gaps = try await connection.query("SELECT * FROM \(sql.schema).hardening_gaps()").map { try $0.get(0, as: String.self) }
    let lost = try await connection.query(
      "SELECT format('%s of %s', login, agent) FROM \(sql.schema).agent_logins WHERE login NOT IN (SELECT rolname FROM pg_roles) ORDER BY 1"
    ).map { try $0.get(0, as: String.self) }
    var findings = [Finding]()
    if logins == 0 {
      findings.append(Finding(.ok, "logins", "All agents share a role, which can do everything in the name of each."))
    } else if gaps.isEmpty {
      findings.append(Finding(.ok, "logins", "Logins that act for one agent each: \(logins). Nobody has a right on a table."))
    } else {
      findings.append(
        Finding(
          .warning, "logins",
          "Logins that act for one agent each: \(logins). Rights get past that: \(gaps.prefix(5).joined(separator: "; ")).",
          advice: "Run sql/postgres/postgres_roles.sql again, and revoke what is left: memberships with REVOKE role FROM login, too."))
    }
    if !lost.isEmpty {
      findings.append(
        Finding(
          .warning, "logins", "There is no role for these logins, dropped or renamed: \(lost.prefix(5).joined(separator: "; ")).",
          advice: "SELECT \(sql.schema).remove_login('LOGIN'), and add_login for a new name: a new role of that name would be the agent."))
    }
    let isDue = try await connection.query(
      "SELECT COALESCE(obj_description($1::regclass, 'pg_class'), '') = $2",
      [.text("\(sql.schema).messages_words"), .text(PostgresMigrator.rebuildMark)])
    if try isDue.only.get(0, as: Bool.self) {
      findings.append(
        Finding(
          .warning, "search", "The text index is being rebuilt: until then some words of older messages are not found.",
          advice: "If this lasts, run once: cowork-code-mcp-server migrate --database-url …"))
    }
    for (name, table) in [("messages", sql.messages), ("tasks", sql.tasks), ("task_events", sql.taskEvents)] {
      let sequence = try await connection.query("SELECT pg_get_serial_sequence($1, 'seq')", [.text(table)]).only.get(0, as: String.self)
      let row = try await connection.query(
        "SELECT last_value + is_called::integer AS next, (SELECT COALESCE(max(seq), 0) FROM \(table)) AS top FROM \(sequence)"
      ).only
      let (next, top) = (try row.get("next", as: Int64.self), try row.get("top", as: Int64.self))
      if next <= top {
        findings.append(
          Finding(
            .failure, "sequences", "The next row of \(name) would get the number \(next), but there are rows up to \(top).",
            advice: "SELECT setval('\(sequence)', \(top));"))
      }
    }
    return findings
  }

  private func durability(_ row: PostgresRow) throws -> Finding {
    if try row.get("fsync", as: String.self) == "off" {
      return Finding(
        .warning, "durability", "fsync is off: after a power cut the whole database may be lost.", advice: "Set fsync = on on the server.")
    }
    let commit: String = try row.get("synchronous_commit")
    return commit == "off"
      ? Finding(
        .warning, "durability", "synchronous_commit is off: a power cut loses what was accepted last.",
        advice: "ALTER DATABASE … SET synchronous_commit = on")
      : Finding(.ok, "durability", "What is accepted is on disk (synchronous_commit=\(commit)).")
  }

  private func tls(_ connection: PostgresConnection) -> Finding {
    if connection.usesTLS { return Finding(.ok, "TLS", "The connection is encrypted.") }
    if pool.settings.isLocal { return Finding(.ok, "TLS", "Not in use, and not needed: the server is on this machine.") }
    return Finding(
      .warning, "TLS", "The connection is not encrypted: anyone on the network path can read everything.",
      advice: "Add ?sslmode=verify-full&sslrootcert=/path/to/ca.pem to the URL.")
  }

  private func clockFinding(_ difference: Double) -> Finding {
    let seconds = (abs(difference) * 1_000).rounded() / 1_000
    let found = "This machine's clock and the database's differ by \(seconds) s; only the database's counts."
    return abs(difference) < 5
      ? Finding(.ok, "clock", found) : Finding(.warning, "clock", found, advice: "Set this machine's clock: times of messages look wrong.")
  }

  private func connections(_ row: PostgresRow) throws -> Finding {
    let (limit, used) = (try row.get("limit", as: Int.self), try row.get("used", as: Int.self))
    let found = "\(used) of \(limit) connections are in use; a server needs 1 to 3."
    return limit - used >= 6
      ? Finding(.ok, "connections", found)
      : Finding(.warning, "connections", found, advice: "Raise max_connections, or end unused sessions.")
  }

  private static var now: Double { WallClock.now }
}
