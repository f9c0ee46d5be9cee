import Bridge
import GRDB

extension SQLiteStore {
  public func history(_ query: HistoryQuery) async throws(BridgeError) -> HistoryPage {
    if let text = query.text, !SearchWords.of(text).isEmpty { try await bringIndexUpToDate() }
    return try await read { db in
      var conditions = [String]()
      var arguments = StatementArguments()
      var source = SQL.messages
      var order = "m.rowid"
      // The unary plus keeps the planner from collecting and sorting all of an agent's messages: the newest come first by row.
      func require(_ condition: String, _ values: (any DatabaseValueConvertible)?...) {
        conditions.append(condition)
        arguments += StatementArguments(values)
      }
      let me = query.agent.name
      if let other = query.with {
        require("((+m.sender = ? AND +m.recipient = ?) OR (+m.sender = ? AND +m.recipient = ?))", me, other, other, me)
      } else {
        require("(+m.sender = ? OR +m.recipient = ?)", me, me)
      }
      if let task = query.taskID { require("d.task_id = ?", task) }
      if let text = query.text, !text.isEmpty {
        let words = SearchWords.of(text)
        if words.isEmpty {
          require("instr(m.content, ?) > 0", text)
        } else {
          source = "message_index CROSS JOIN \(SQL.messages)"
          require("message_index MATCH ? AND m.rowid = message_index.rowid", Self.match(words))
          order = "message_index.rowid"
        }
      }
      if let before = query.before { try Self.require(before: before, require, db) }
      let rows = try Row.fetchCursor(
        db,
        sql: """
          SELECT \(SQL.messageColumns) FROM \(source) WHERE \(conditions.joined(separator: " AND "))
          ORDER BY \(order) DESC LIMIT ?
          """,
        arguments: arguments + [query.limit + 1])
      var page = HistoryPage(messages: [], more: false)
      var budget = ReplyBudget(characters: query.characters)
      while let row = try rows.next() {
        let message = Message(row)
        guard page.messages.count < query.limit, budget.admits(message.replyCost) else {
          page.more = true
          break
        }
        page.messages.append(message)
      }
      return page
    }
  }

  public func message(_ id: String, for agent: Identity) async throws(BridgeError) -> Message? {
    try await read { db in
      let select = "SELECT \(SQL.messageColumns) FROM \(SQL.messages) WHERE (m.sender = ?1 OR m.recipient = ?1) AND "
      if let row = try Row.fetchOne(db.cachedStatement(sql: select + "m.id = ?2"), arguments: [agent.name, id]) { return Message(row) }
      return try Row.fetchOne(
        db.cachedStatement(sql: select + "m.id = ?2 COLLATE NOCASE LIMIT 1"), arguments: [agent.name, id]
      ).map(Message.init)
    }
  }

  /// Each word as the beginning of a word; quoted, so that nothing in it is an operator of FTS5's query language.
  private static func match(_ words: [String]) -> String {
    words.map { "\"\($0)\"*" }.joined(separator: " ")
  }

  private static func require(
    before: String, _ require: (String, (any DatabaseValueConvertible)?...) -> Void, _ db: Database
  ) throws {
    if let row = try Int64.fetchOne(db, sql: "SELECT rowid FROM messages WHERE id = ?", arguments: [before])
      ?? Int64.fetchOne(db, sql: "SELECT rowid FROM messages WHERE id = ? COLLATE NOCASE LIMIT 1", arguments: [before])
    {
      require("m.rowid < ?", row)
    } else if let time = try Double.fetchOne(
      // 30 February is a time for julianday, and none for anybody else.
      db, sql: "SELECT julianday(?1) WHERE date(substr(?1, 1, 10), '+0 days') = substr(?1, 1, 10)", arguments: [before])
    {
      require("julianday(m.created_at) < ?", time)
    } else {
      throw BridgeError.notATimeOrID(before)
    }
  }
}
