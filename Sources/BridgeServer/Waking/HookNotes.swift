import Bridge

/// What a hook tells its session: what is new for the agent, once a session.
public struct HookNotes: Sendable {
  private let service: BridgeService
  private let settings: Announcements.Settings
  private let record: SessionRecord?

  /// - Parameter record: what the session was told; nil where nobody knows which session it is.
  public init(service: BridgeService, settings: Announcements.Settings, record: SessionRecord?) {
    self.service = service
    self.settings = settings
    self.record = record
  }

  /// The text for the model, recorded as told; nil when there is nothing new.
  ///
  /// - Parameter includesOpenTasks: also tasks that the agent has seen and not ended: a session that begins knows nothing of them.
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
    // What does not fit is no news by itself: nothing would say that it has been told.
    guard var announcement = announcements.announce(Inbox(news: inbox.news), at: time) else { return (nil, []) }
    announcement.further = inbox.further
    return (Envelope(identity: service.identity, settings: settings).text(announcement), announcement.records)
  }
}
