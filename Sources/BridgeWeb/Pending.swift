import Bridge

extension BridgeStore {
  func message(_ id: String, for agent: Identity?) async throws(BridgeError) -> Message? { try await message(id, for: agent ?? .user) }
  func task(_ id: String, for agent: Identity?, instance: Instance?) async throws(BridgeError) -> TaskReport {
    try await task(id, for: agent ?? .user, instance: instance)
  }
  func transcriptPage(_ query: TranscriptQuery) async throws(BridgeError) -> TranscriptView {
    let agent = try query.agent.map { name throws(BridgeError) in try Identity(name) }
    return TranscriptView(entries: try await transcript(of: agent, from: TranscriptStart(last: query.limit)).next().entries)
  }
}
extension TaskQuery {
  init(agent: Identity?, status: TaskStatus?, limit: Int) {
    self.init(agent: agent ?? .user, role: .assignee, status: status, limit: limit)
  }
}
extension HistoryQuery {
  init(agent: Identity?, text: String?, before: String?, limit: Int) {
    self.init(agent: agent ?? .user, text: text, with: nil, before: before, limit: limit)
  }
}
struct TranscriptPlace {
  let text: String
  init(_ text: String) throws(BridgeError) { self.text = text }
}
struct TranscriptView {
  var entries: [TranscriptEntry]
  var older: TranscriptPlace?
  var newer: TranscriptPlace?
}
struct TranscriptQuery {
  enum Start {
    case newest
    case before(TranscriptPlace)
    case after(TranscriptPlace)
    case at(String)
  }
  var agent: String?
  var limit: Int
  var start = Start.newest
  func validate() throws(BridgeError) {}
}
