/// Which statements a connection has given a name on the server, so that they are parsed once and their plan can be kept.
///
/// Pure bookkeeping. A statement gets its name at its second use: what runs once costs what it did.
struct NamedStatements {
  struct Key: Hashable {
    let text: String
    let types: [UInt32]
  }

  enum Use: Equatable {
    case unnamed
    /// Give it this name, then tell `prepared` or `failed`.
    case prepare(name: String)
    case named(String)
  }

  /// Statements beyond these have no name: each takes memory of the server for as long as the connection lives.
  static let maximumCount = 128

  private enum State {
    case seenOnce
    case beingPrepared
    case prepared(String)
  }

  /// Whether libpq speaks with the server process itself; nil while nobody has asked.
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
