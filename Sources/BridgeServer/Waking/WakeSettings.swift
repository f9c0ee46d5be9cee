/// How a session is woken.
public struct WakeSettings: Sendable {
  public var announcements: Announcements.Settings
  /// Set if Claude Code named one.
  public var inbox: InboxSocket?
  /// Shared with the session's hooks.
  public var session: SessionRecord?

  public init(announcements: Announcements.Settings = Announcements.Settings(), inbox: InboxSocket? = nil, session: SessionRecord? = nil) {
    self.announcements = announcements
    self.inbox = inbox
    self.session = session
  }
}
