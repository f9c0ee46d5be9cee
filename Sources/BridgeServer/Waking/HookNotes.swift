import Bridge

/// The notes of hooks: news for the agent, told once in a session.
public struct HookNotes: Sendable {
  private let service: BridgeService
  private let settings: Announcements.Settings
  private let record: SessionRecord?

  /// - Parameter record: what the session has been told; nil if the session is unknown.
  public init(service: BridgeService, settings: Announcements.Settings, record: SessionRecord?) {
    self.service = service
    self.settings = settings
    self.record = record
  }

  /// The text for the model, recorded as told; nil if there is nothing new.
  ///
  /// - Parameter includesOpenTasks: also open tasks that the agent has seen, because a new session does not know of them.
  public func next(includesOpenTasks: Bool = false) async throws(BridgeError) -> String? {
    let inbox = try await Inbox.look(through: service, includesOpenTasks: includesOpenTasks)
    guard !inbox.news.isEmpty else { return nil }
    let time = RunningTime().now
    guard let record else { return note([], inbox, time).value }
    return record.update { note($0, inbox, time) }
  }

  private func note(
    _ records: [AnnouncementRecord], _ inbox: Inbox, _ time: Duration
  ) -> (value: String?, records: [AnnouncementRecord]) {
    var announcements = Announcements(settings: settings, memory: AnnouncementMemory(records))
    // A count alone is no news, because nothing would record that it has been told.
    guard var announcement = announcements.announce(Inbox(news: inbox.news), at: time) else { return (nil, []) }
    announcement.further = inbox.further
    return (Envelope(identity: service.identity, settings: settings).text(announcement), announcement.records)
  }
}
