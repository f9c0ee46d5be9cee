/// Which statements have a name on the server, where they are parsed once and their plan can be kept.
///
/// Pure bookkeeping. A statement gets its name at its second use: what runs once costs what it did.
struct NamedStatements {
  struct Key: Hashable {
    let text: String
    let types: [UInt32]
  }

  enum Use: Equatable {
    case unnamed
    /// Give it this name, then call `prepared` or `failed`.
    case prepare(name: String)
    case named(String)
  }

  /// Further statements get no name: each takes memory of the server for as long as the connection lives.
  static let maximumCount = 128

  private enum State {
    case seenOnce
    case beingPrepared
    case prepared(String)
  }

  /// Whether libpq speaks with the server process itself; nil until that was asked.
  private(set) var isDirect: Bool?
  private var states: [Key: State] = [:]
  private var lastNumber = 0

  mutating func use(of key: Key) -> Use {
    if isDirect == false { return .unnamed }
    switch states[key] {
    case nil:
      if states.count < Self.maximumCount { states[key] = .seenOnce }
      return .unnamed
    case .seenOnce:
      states[key] = .beingPrepared
      // A name is never used again: an attempt that was given up may have reached the server.
      lastNumber += 1
      return .prepare(name: "s\(lastNumber)")
    case .beingPrepared: return .unnamed
    case .prepared(let name): return .named(name)
    }
  }

  mutating func prepared(_ key: Key, as name: String) { states[key] = .prepared(name) }
  mutating func failed(_ key: Key) { states[key] = nil }
  mutating func forgetAll() { states = [:] }
  mutating func learn(isDirect: Bool) { self.isDirect = isDirect }
}

extension PostgresConnection {
  static let whoAreYou = "SELECT pg_backend_pid()"

  /// Nil until that was asked.
  nonisolated var isDirect: Bool? { names.withLock(\.isDirect) }

  /// - Parameter rows: the answer to `whoAreYou`. A pooler has told libpq of a process that does not exist.
  nonisolated func learn(from rows: PostgresRows?) throws(PostgresError) {
    let isDirect = try rows?.first?.get(0) == serverProcessID
    names.withLock { $0.learn(isDirect: isDirect) }
  }

  /// The name of a statement on the server, given to it when due; nil if it has none.
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
        throw error.withoutDoubt
      }
      names.withLock { $0.prepared(key, as: name) }
      return name
    }
  }
}
