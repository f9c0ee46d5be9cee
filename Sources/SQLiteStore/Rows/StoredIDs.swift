import Bridge
import GRDB

extension IDReference {
  /// The stored id, if this names a message or a task of the agent, or of anybody.
  ///
  /// - Parameter isWhole: whether it can only be a whole id.
  /// - Throws: `ambiguous`.
  func storedID(for agent: String?, isWhole: Bool = false, _ db: Database) throws -> String? {
    let forms = Set([text, text.lowercased(), text.uppercased()])
    if let id = try id(among: forms.flatMap { try candidates("x.id = :id", $0, agent, db) }) { return id }
    if mayBeBeginning, !isWhole {
      if let id = try id(among: forms.flatMap { try candidates("x.id >= :id AND x.id < :id || '~'", $0, agent, db) }) { return id }
    }
    // Scans all ids.
    return try id(among: candidates("x.id = :id COLLATE NOCASE", text, agent, db))
  }

  /// - Throws: `notFound`, `ambiguous`.
  func requiredID(for agent: String?, _ db: Database) throws -> String {
    guard let id = try storedID(for: agent, db) else { throw refusal([]) }
    return id
  }

  private func candidates(_ condition: String, _ id: String, _ agent: String?, _ db: Database) throws -> [Candidate] {
    let (table, note) =
      switch kind {
      case .message: ("messages", "COALESCE(x.sender, '') || ', ' || COALESCE(x.created_at, '')")
      case .task: ("tasks", "substr(COALESCE(x.title, ''), 1, 100)")
      }
    return try Row.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT x.id, \(note) AS note FROM \(table) x
          WHERE \(condition) AND typeof(x.id) = 'text' AND (:me IS NULL OR +x.sender = :me OR +x.recipient = :me) ORDER BY x.id LIMIT :most
          """), arguments: ["id": id, "me": agent, "most": Self.mostCandidates]
    ).map { Candidate(id: $0["id"], note: $0.text("note") ?? "") }
  }
}
