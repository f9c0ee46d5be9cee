/// Decides what an agent's session is told, and when.
///
/// A value without input or output: it takes the inbox and the time, and returns what to say. Times count from any fixed moment.
public struct Announcements: Sendable {
  public struct Settings: Hashable, Sendable {
    /// How often one sender may be announced to a session within the window. Beyond that it is muted for the length of the window.
    public var limit: Int
    public var window: Duration
    /// The minimum time between two announcements.
    public var spacing: Duration
    /// How long to wait for news that arrives together with the first.
    public var gathering: Duration

    public init(
      limit: Int = 30, window: Duration = .seconds(600), spacing: Duration = .seconds(2), gathering: Duration = .milliseconds(100)
    ) {
      self.limit = limit
      self.window = window
      self.spacing = spacing
      self.gathering = gathering
    }
  }

  /// What to say, and the facts that keep it from being said again.
  struct Announcement: Hashable, Sendable {
    /// News, in inbox order.
    var news: [News] = []
    /// Unread messages beyond those that were looked at.
    var further = 0
    /// Senders that become muted.
    var muted: [String] = []
    var records: [AnnouncementRecord] = []
  }

  let settings: Settings
  private(set) var memory: AnnouncementMemory
  private var lastAnnouncement: Duration?
  private var toldFurther = 0

  init(settings: Settings = Settings(), memory: AnnouncementMemory = AnnouncementMemory()) {
    self.settings = settings
    self.memory = memory
  }

  /// When to look, after something has changed.
  func lookTime(after now: Duration) -> Duration {
    max(now + settings.gathering, lastAnnouncement.map { $0 + settings.spacing } ?? now)
  }

  /// What to say now; nil if there is nothing to say.
  ///
  /// - Parameter isAwaited: whether a waiting call of the agent will return this news.
  mutating func announce(_ inbox: Inbox, isAwaited: (News) -> Bool = { _ in false }, at now: Duration) -> Announcement? {
    memory.forget(before: now - settings.window, keeping: inbox.news)
    toldFurther = min(toldFurther, inbox.further)
    let untold = inbox.news.filter { !memory.isTold($0) && !memory.isMuted($0.peer, at: now) && !isAwaited($0) }
    var announcement = Announcement()
    if inbox.further > toldFurther { announcement.further = inbox.further }
    for peer in untold.map(\.peer).uniqued() {
      let isTooMuch = memory.announcements(of: peer) >= settings.limit
      if isTooMuch { announcement.muted.append(peer) } else { announcement.news += untold.filter { $0.peer == peer } }
      announcement.records.append(isTooMuch ? .muted(peer, until: now + settings.window) : .announced(peer, at: now))
    }
    guard !announcement.news.isEmpty || !announcement.muted.isEmpty || announcement.further > 0 else { return nil }
    let order = Dictionary(untold.enumerated().map { ($1.key, $0) }, uniquingKeysWith: min)
    announcement.news.sort { order[$0.key, default: 0] < order[$1.key, default: 0] }
    announcement.records += announcement.news.map { .told($0.key) }
    for record in announcement.records { memory.add(record) }
    toldFurther = inbox.further
    lastAnnouncement = now
    return announcement
  }

  /// When to look without a change: messages of a muted sender are announced when its mute ends.
  func nextLook(after inbox: Inbox, at now: Duration) -> Duration? {
    inbox.news.filter { !memory.isTold($0) }.compactMap { memory.mutedUntil[$0.peer] }.filter { $0 > now }.min()
  }

  /// The announcement did not reach the session: it may be made again.
  mutating func takeBack(_ announcement: Announcement) {
    for record in announcement.takingBack { memory.add(record) }
    if announcement.further > 0 { toldFurther = 0 }
  }

  /// Another process of the session has made announcements.
  mutating func learn(_ records: [AnnouncementRecord]) { memory.learn(AnnouncementMemory(records)) }

  /// A cheap check whether there may be something to say.
  func mayAnnounce(_ inbox: Inbox) -> Bool { inbox.further > toldFurther || inbox.news.contains { !memory.isTold($0) } }
}

extension Announcements.Announcement {
  var takingBack: [AnnouncementRecord] { news.map { .untold($0.key) } }
}

extension Array where Element: Hashable {
  /// The distinct elements, in order of their first occurrence.
  fileprivate func uniqued() -> [Element] {
    var seen = Set<Element>()
    return filter { seen.insert($0).inserted }
  }
}
