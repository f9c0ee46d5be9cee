import Bridge
import PostgresClient

extension PostgresStore {
  public func history(_ query: HistoryQuery) async throws(BridgeError) -> HistoryPage {
    try await perform { [sql] pool in
      var conditions = ["(m.sender = $1 OR m.recipient = $1)"]
      var parameters: [PostgresParameter] = [.text(query.agent.name)]
      func require(_ parameter: PostgresParameter, _ condition: (String) -> String) {
        parameters.append(parameter)
        conditions.append(condition("$\(parameters.count)"))
      }
      if let other = query.with {
        require(.text(other)) { "((m.sender = $1 AND m.recipient = \($0)) OR (m.sender = \($0) AND m.recipient = $1))" }
      }
      if let task = query.taskID { require(.text(task)) { "d.task_id = \($0)" } }
      if let text = query.text, !text.isEmpty {
        let words = SearchWords.of(text)
        if words.isEmpty {
          require(.text(text)) { "position(\($0) IN m.content) > 0" }
        } else {
          require(.text(Self.match(words))) { "\(sql.schema).words_of(m.content) @@ to_tsquery('simple', \($0))" }
        }
      }
      if let before = query.before {
        let found = try await pool.query(
          """
          SELECT (SELECT seq FROM \(sql.messages) WHERE lower(id) = lower($1) ORDER BY id = $1 DESC, seq LIMIT 1) AS seq,
            \(sql.schema).time_of($1) IS NOT NULL AND $1 LIKE '%-%' AS is_time
          """, [.text(before)]
        ).first
        if let seq: Int64 = try found?.get("seq") ?? nil {
          require(.int(seq)) { "m.seq < \($0)" }
        } else if try found?.get("is_time", as: Bool.self) == true {
          require(.text(before)) { "\(sql.schema).time_of(m.created_at) < \(sql.schema).time_of(\($0))" }
        } else {
          throw BridgeError.notATimeOrID(before)
        }
      }
      parameters.append(.int(Int64(query.limit + 1)))
      let rows = try await pool.query(
        """
        SELECT \(SQL.messageColumns) FROM \(sql.messagesWithDetails) WHERE \(conditions.joined(separator: " AND "))
        ORDER BY m.seq DESC LIMIT $\(parameters.count)
        """, parameters)
      var page = HistoryPage(messages: [], more: false)
      var budget = ReplyBudget(characters: query.characters)
      for row in rows {
        let message = try Message(row)
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
    try await perform { [sql] pool in
      try await pool.query(
        """
        SELECT \(SQL.messageColumns) FROM \(sql.messagesWithDetails) WHERE (m.sender = $1 OR m.recipient = $1) AND lower(m.id) = lower($2)
        ORDER BY m.id = $2 DESC, m.seq LIMIT 1
        """, [.text(agent.name), .text(id)]
      ).first.map { try Message($0) }
    }
  }

  /// Each word as the beginning of a word. Words hold letters, marks and digits only, so none is an operator.
  private static func match(_ words: [String]) -> String {
    words.map { "'\($0)':*" }.joined(separator: " & ")
  }
}
