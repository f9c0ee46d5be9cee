import Bridge

/// Which of an agent's sessions is told first of what is anybody's: the others are told if it is still unread after a while.
struct FirstTold: Sendable {
  /// How long the others leave it to the first.
  static let patience = Duration.seconds(5)

  /// The stamps of the sessions that live.
  let sessions: [String]
  /// That of the session that may be told; empty outside of any.
  let own: String

  init(sessions: [String], own: String) { (self.sessions, self.own) = (sessions, own) }

  init(of service: BridgeService) async throws(BridgeError) {
    self.init(
      sessions: try await service.sessions().filter(\.isAlive).map(\.stamp), own: service.instance.session?.stamp ?? "")
  }

  /// Whether the session is told at once. All sessions come to the same answer without asking each other.
  func isOwn(_ news: News) -> Bool {
    guard news.session != own, sessions.contains(own) else { return true }
    return sessions.min { rank($0, news) < rank($1, news) } == own
  }

  private func rank(_ session: String, _ news: News) -> UInt64 { StableHash.of([session, String(news.key)]) }
}
