/// How a session is woken.
public struct WakeSettings: Sendable {
  public var announcements: Announcements.Settings
  /// Where Claude Code named one.
  public var inbox: InboxSocket?
  /// What the session's hooks have told, and what they need not tell.
  public var session: SessionRecord?

  public init(announcements: Announcements.Settings = Announcements.Settings(), inbox: InboxSocket? = nil, session: SessionRecord? = nil) {
    self.announcements = announcements
    self.inbox = inbox
    self.session = session
  }
}
