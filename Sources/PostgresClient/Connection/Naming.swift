extension PostgresConnection {
  static let whoAreYou = "SELECT pg_backend_pid()"

  /// Nil while nobody has asked.
  nonisolated var isDirect: Bool? { names.withLock(\.isDirect) }

  /// - Parameter rows: the answer to `whoAreYou`. A pooler has told libpq of a process that does not exist.
  nonisolated func learn(from rows: PostgresRows?) throws(PostgresError) {
    let isDirect = try rows?.first?.get(0) == serverProcessID
    names.withLock { $0.learn(isDirect: isDirect) }
  }

  /// The name of a statement on the server, given to it where that is due; nil where it has none.
  ///
  /// - Throws: what Postgres says against the statement, and what `perform` throws; nothing has taken effect.
  nonisolated func name(
    of statement: String, _ types: [UInt32], _ timeout: Duration, _ role: CommandSchedule.Role
  ) async throws(PostgresError) -> String? {
    let key = NamedStatements.Key(text: statement, types: types)
    switch names.withLock({ $0.use(of: key) }) {
    case .unnamed: return nil
    case .named(let name): return name
    case .prepare(let name):
      do throws(PostgresError) {
        if isDirect == nil {
          try learn(from: await perform(Command(content: .script(Self.whoAreYou), role: role, timeout: timeout)).get().last)
        }
        guard isDirect == true else { return nil }
        _ = try await perform(Command(content: .prepare(name: name, statement, types: types), role: role, timeout: timeout)).get()
      } catch {
        names.withLock { $0.failed(key) }
        throw error.code == .unknownOutcome ? error.underlying as? PostgresError ?? error : error
      }
      names.withLock { $0.prepared(key, as: name) }
      return name
    }
  }
}
