/// Decides what an agent's session is told, and when, from what it has been told.
///
/// A value without input or output: it takes the inbox and the time, and returns what to say. Times count from 1970.
public struct Announcements: Sendable {
  public struct Settings: Hashable, Sendable {
    /// How often one sender may be announced to a session within the window. Beyond that it is muted: for the length of the window, and
    /// twice as long each further time, until the user of the session types.
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

    func mute(_ count: Int) -> Duration { window * (1 << min(max(count, 1) - 1, 10)) }
  }

  /// What to say, and the facts that keep it from being said again.
  struct Announcement: Hashable, Sendable {
    /// News, in inbox order.
    var news: [News] = []
    /// Unread messages beyond those that were looked at.
    var further = 0
    /// Senders that become muted, and for how long.
    var muted: [Mute] = []
    var records: [AnnouncementRecord] = []

    var isEmpty: Bool { news.isEmpty && muted.isEmpty && further == 0 }
    var takingBack: [AnnouncementRecord] { records.compactMap(\.inverse) }
  }

  struct Mute: Hashable, Sendable {
    /// Nil for what is beyond the messages that were looked at.
    var peer: String?
    var length: Duration
  }

  /// Begins each text of an announcement.
  public static let mark = "[cowork bridge] News for the agent"
  /// In place of a sender; no sender's name has these characters.
  private static let further = "[further]"
  /// Far more than an inbox holds; the oldest are forgotten.
  private static let capacity = 20_000

  private let settings: Settings
  private var told: Set<UInt64> = []
  /// When each sender was announced.
  private var times: [String: [Duration]] = [:]
  private var mutes: [String: (until: Duration, count: Int)] = [:]
  private var toldFurther = 0
  /// What is older was told with that count.
  private var furtherTime = Duration.zero
  private(set) var hasBegun = false
  private var lastAnnouncement: Duration?

  /// - Parameter records: what the session has been told.
  init(settings: Settings = Settings(), records: [AnnouncementRecord] = []) {
    self.settings = settings
    for record in records { add(record) }
  }

  /// When to look, after something has changed.
  func lookTime(after now: Duration) -> Duration {
    max(now + settings.gathering, lastAnnouncement.map { $0 + settings.spacing } ?? now)
  }

  /// Whether it has been told, by itself or as one of many.
  func isTold(_ news: News) -> Bool {
    told.contains(news.key) || news.isMessage && furtherTime > .zero && news.time.map { .seconds($0) <= furtherTime } == true
  }

  /// Whether a sender's announcements are counted at all.
  var isGuarding: Bool { !times.isEmpty || !mutes.isEmpty }

  /// Records what was there before the session as told.
  mutating func begin(with inbox: Inbox, at now: Duration) -> [AnnouncementRecord] {
    var records = [AnnouncementRecord.begun] + inbox.news.map { .told($0.key) }
    if inbox.further > 0 { records.append(.further(inbox.further, at: now)) }
    for record in records { add(record) }
    return records
  }

  /// What to say now. It may be empty, and still have facts to record.
  ///
  /// - Parameters:
  ///   - isWake: whether it would wake an idle session: then a task that was merely begun is left for later.
  ///   - isAwaited: whether a waiting call of the agent will return this news.
  mutating func announce(_ inbox: Inbox, isWake: Bool = true, isAwaited: (News) -> Bool = { _ in false }, at now: Duration) -> Announcement
  {
    forget(before: now - settings.window, keeping: inbox.news)
    let untold = inbox.news.filter { !isTold($0) && !isAwaited($0) }
    var announcement = Announcement()
    var loud = untold.filter { !isMuted($0.peer, $0.time, at: now) }
    let over = loud.map(\.peer).uniqued().filter { isOverLimit($0) }
    loud.removeAll { over.contains($0.peer) }
    for peer in over { mute(peer, in: &announcement, at: now) }
    if inbox.further > toldFurther { announceFurther(inbox.further, isQuiet: !over.isEmpty, in: &announcement, at: now) }
    if inbox.further < toldFurther { announcement.records += recordsOfFewer(inbox) }
    let quiet = Set(untold.map(\.key)).subtracting(loud.map(\.key))
    if isWake, announcement.isEmpty, loud.allSatisfy(\.isMinor) { loud = [] }
    announcement.news = loud
    announcement.records += loud.map(\.peer).uniqued().map { .announced($0, at: now) }
    announcement.records += (quiet + loud.map(\.key)).map { .told($0) }
    for record in announcement.records { add(record) }
    if !announcement.isEmpty { lastAnnouncement = now }
    return announcement
  }

  /// The announcement did not reach the session: it may be made again.
  mutating func takeBack(_ announcement: Announcement) {
    for record in announcement.takingBack { add(record) }
  }

  /// Takes in what the session's processes have recorded.
  mutating func learn(_ records: [AnnouncementRecord]) {
    let own = lastAnnouncement
    self = Announcements(settings: settings, records: records)
    lastAnnouncement = own
  }

  /// A cheap check whether there may be something to say or to record.
  func mayAnnounce(_ inbox: Inbox) -> Bool { inbox.further != toldFurther || inbox.news.contains { !isTold($0) } }

  private func isOverLimit(_ peer: String) -> Bool { times[peer, default: []].count >= settings.limit }

  /// What came during a mute is not announced after its end either: it would go on with the loop.
  private func isMuted(_ peer: String, _ time: Double?, at now: Duration) -> Bool {
    guard let until = mutes[peer]?.until else { return false }
    return now < until || time.map { .seconds($0) < until } == true
  }

  private mutating func mute(_ peer: String, in announcement: inout Announcement, at now: Duration) {
    let count = (mutes[peer]?.count ?? 0) + 1
    announcement.muted.append(Mute(peer: peer == Self.further ? nil : peer, length: settings.mute(count)))
    announcement.records.append(.muted(peer, until: now + settings.mute(count), count: count))
  }

  /// Nobody knows whose they are: while anybody is muted, they may be that one's.
  private mutating func announceFurther(_ count: Int, isQuiet: Bool, in announcement: inout Announcement, at now: Duration) {
    announcement.records.append(.further(count, at: now))
    guard !isQuiet, mutes.values.allSatisfy({ $0.until <= now }) else { return }
    guard !isOverLimit(Self.further) else { return mute(Self.further, in: &announcement, at: now) }
    announcement.further = count
    announcement.records.append(.announced(Self.further, at: now))
  }

  /// Once all messages are looked at, each is told by itself.
  private func recordsOfFewer(_ inbox: Inbox) -> [AnnouncementRecord] {
    guard inbox.further == 0 else { return [.further(inbox.further, at: furtherTime)] }
    return [.further(0, at: .zero)] + inbox.news.filter { isTold($0) }.map { .told($0.key) }
  }

  private mutating func add(_ record: AnnouncementRecord) {
    switch record {
    case .told(let key): told.insert(key)
    case .untold(let key): told.remove(key)
    case .further(let count, let time): (toldFurther, furtherTime) = (count, time)
    case .announced(let peer, let time): times[peer, default: []].append(time)
    case .unannounced(let peer, let time): times[peer]?.removeAll { $0 == time }
    case .muted(let peer, let time, let count):
      mutes[peer] = (time, count)
      // After the mute the count starts again.
      times[peer] = nil
    case .prompted: (times, mutes) = ([:], [:])
    case .begun: hasBegun = true
    case .forgotten: (told, toldFurther, furtherTime) = ([], 0, .zero)
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
