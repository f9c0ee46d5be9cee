/// A fact about the announcements to a session.
enum AnnouncementRecord: Hashable, Sendable {
  case told(UInt64)
  /// It did not reach the session.
  case untold(UInt64)
  case announced(String, at: Duration)
  case muted(String, until: Duration)
}

/// What a session has been told, and how often each sender was announced to it.
struct AnnouncementMemory: Hashable, Sendable {
  /// Far more than an inbox holds; the oldest are forgotten.
  static let capacity = 20_000

  private var told: Set<UInt64> = []
  private var times: [String: [Duration]] = [:]
  private(set) var mutedUntil: [String: Duration] = [:]

  init(_ records: [AnnouncementRecord] = []) {
    for record in records { add(record) }
  }

  func isTold(_ news: News) -> Bool { told.contains(news.key) }
  func isMuted(_ peer: String, at now: Duration) -> Bool { (mutedUntil[peer] ?? now) > now }
  func announcements(of peer: String) -> Int { times[peer]?.count ?? 0 }

  mutating func add(_ record: AnnouncementRecord) {
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

  /// Merges what another process of the session has told. May be repeated.
  mutating func learn(_ other: AnnouncementMemory) {
    told.formUnion(other.told)
    times.merge(other.times) { $0.count >= $1.count ? $0 : $1 }
    mutedUntil.merge(other.mutedUntil, uniquingKeysWith: max)
  }

  /// Drops facts that no longer count.
  mutating func forget(before oldest: Duration, keeping news: [News]) {
    times = times.mapValues { $0.filter { $0 > oldest } }.filter { !$0.value.isEmpty }
    if told.count > Self.capacity { told.formIntersection(news.map(\.key)) }
  }
}
