/// A fact about the announcements to a session.
enum AnnouncementRecord: Hashable, Sendable {
  case told(UInt64)
  /// It did not reach the session.
  case untold(UInt64)
  case announced(String, at: Duration)
  case muted(String, until: Duration)
}

/// Decides what an agent's session is told, and when, from what it has been told.
///
/// A value without input or output: it takes the inbox and the time, and returns what to say. Times count from any fixed moment.
public struct Announcements: Sendable {
  public struct Settings: Hashable, Sendable {
    /// How often one sender may be announced to a session within the window. Beyond that it is muted for the length of the window.
    var limit: Int
    var window: Duration
    /// The minimum time between two announcements.
    var spacing: Duration
    /// How long to wait for news that arrives together with the first.
    var gathering: Duration

    public init(
      limit: Int = 30, window: Duration = .seconds(600), spacing: Duration = .seconds(2), gathering: Duration = .milliseconds(100)
    ) {
      (self.limit, self.window, self.spacing, self.gathering) = (limit, window, spacing, gathering)
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

    var isEmpty: Bool { news.isEmpty && muted.isEmpty && further == 0 }
    var takingBack: [AnnouncementRecord] { news.map { .untold($0.key) } }
  }

  /// Far more than an inbox holds; the oldest are forgotten.
  private static let capacity = 20_000

  private let settings: Settings
  private var told: Set<UInt64> = []
  /// When each sender was announced.
  private var times: [String: [Duration]] = [:]
  private var mutedUntil: [String: Duration] = [:]
  private var lastAnnouncement: Duration?
  private var toldFurther = 0

  /// - Parameter records: what the session has been told.
  init(settings: Settings = Settings(), records: [AnnouncementRecord] = []) {
    self.settings = settings
    for record in records { add(record) }
  }

  /// When to look, after something has changed.
  func lookTime(after now: Duration) -> Duration {
    max(now + settings.gathering, lastAnnouncement.map { $0 + settings.spacing } ?? now)
  }

  func isTold(_ news: News) -> Bool { told.contains(news.key) }

  /// What to say now; nil if there is nothing to say.
  ///
  /// - Parameter isAwaited: whether a waiting call of the agent will return this news.
  mutating func announce(_ inbox: Inbox, isAwaited: (News) -> Bool = { _ in false }, at now: Duration) -> Announcement? {
    forget(before: now - settings.window, keeping: inbox.news)
    toldFurther = min(toldFurther, inbox.further)
    let untold = inbox.news.filter { !isTold($0) && (mutedUntil[$0.peer] ?? now) <= now && !isAwaited($0) }
    var announcement = Announcement()
    if inbox.further > toldFurther { announcement.further = inbox.further }
    announcement.muted = untold.map(\.peer).filter { times[$0, default: []].count >= settings.limit }.uniqued()
    announcement.news = untold.filter { !announcement.muted.contains($0.peer) }
    guard !announcement.isEmpty else { return nil }
    announcement.records = announcement.muted.map { .muted($0, until: now + settings.window) }
    announcement.records += announcement.news.map(\.peer).uniqued().map { .announced($0, at: now) }
    announcement.records += announcement.news.map { .told($0.key) }
    for record in announcement.records { add(record) }
    toldFurther = inbox.further
    lastAnnouncement = now
    return announcement
  }

  /// When to look without a change: messages of a muted sender are announced when its mute ends.
  func nextLook(after inbox: Inbox, at now: Duration) -> Duration? {
    inbox.news.filter { !isTold($0) }.compactMap { mutedUntil[$0.peer] }.filter { $0 > now }.min()
  }

  /// The announcement did not reach the session: it may be made again.
  mutating func takeBack(_ announcement: Announcement) {
    for record in announcement.takingBack { add(record) }
    if announcement.further > 0 { toldFurther = 0 }
  }

  /// Takes in all that the session's processes have recorded. May be repeated.
  mutating func learn(_ records: [AnnouncementRecord]) {
    let others = Announcements(records: records)
    told.formUnion(others.told)
    times.merge(others.times) { $0.count >= $1.count ? $0 : $1 }
    mutedUntil.merge(others.mutedUntil, uniquingKeysWith: max)
  }

  /// A cheap check whether there may be something to say.
  func mayAnnounce(_ inbox: Inbox) -> Bool { inbox.further > toldFurther || inbox.news.contains { !isTold($0) } }

  private mutating func add(_ record: AnnouncementRecord) {
    switch record {
    case .told(let key): told.insert(key)
    case .untold(let key): told.remove(key)
    case .announced(let peer, let time): times[peer, default: []].append(time)
    case .muted(let peer, let time):
      mutedUntil[peer] = time
      // After the mute the count starts again.
      times[peer] = nil
    }
  }

  /// Drops facts that no longer count.
  private mutating func forget(before oldest: Duration, keeping news: [News]) {
    times = times.mapValues { $0.filter { $0 > oldest } }.filter { !$0.value.isEmpty }
    if told.count > Self.capacity { told.formIntersection(news.map(\.key)) }
  }
}

extension [String] {
  /// The distinct elements, in order of their first occurrence.
  fileprivate func uniqued() -> [String] {
    var seen = Set<String>()
    return filter { seen.insert($0).inserted }
  }
}
