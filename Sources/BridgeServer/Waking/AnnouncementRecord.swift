/// A fact about the announcements to a session.
enum AnnouncementRecord: Hashable, Sendable {
  case told(UInt64)
  /// It did not reach the session.
  case untold(UInt64)
  /// How many unread messages there were beyond those that were looked at.
  case further(Int, at: Duration)
  case announced(String, at: Duration)
  /// It did not reach the session.
  case unannounced(String, at: Duration)
  /// The mute of a sender, and how many mutes it has had in a row.
  case muted(String, until: Duration, count: Int)
  /// The user of the session has typed a prompt.
  case prompted
  /// What is in the inbox was there before the session.
  case begun
  /// The session has lost what it was told.
  case forgotten

  /// The fact that takes this one back.
  var inverse: AnnouncementRecord? {
    switch self {
    case .told(let key): .untold(key)
    case .further: .further(0, at: .zero)
    case .announced(let peer, let time): .unannounced(peer, at: time)
    case .muted(let peer, _, let count): .muted(peer, until: .zero, count: count - 1)
    case .untold, .unannounced, .prompted, .begun, .forgotten: nil
    }
  }

  /// As one line of text.
  var line: String {
    func milliseconds(_ time: Duration) -> Int64 { Int64(time / .milliseconds(1)) }
    return switch self {
    case .told(let key): "told \(String(key, radix: 16))"
    case .untold(let key): "untold \(String(key, radix: 16))"
    case .further(let count, let time): "further \(milliseconds(time)) \(count)"
    case .announced(let peer, let time): "announced \(milliseconds(time)) \(peer)"
    case .unannounced(let peer, let time): "unannounced \(milliseconds(time)) \(peer)"
    case .muted(let peer, let time, let count): "mute \(milliseconds(time)) \(count) \(peer)"
    case .prompted: "prompted"
    case .begun: "begun"
    case .forgotten: "forgotten"
    }
  }

  /// Nil for a line of another version, or an incomplete one.
  init?(line: Substring) {
    let parts = line.split(separator: " ", maxSplits: 2)
    let time = parts.dropFirst().first.flatMap { Int64($0) }.map { Duration.milliseconds($0) }
    switch (parts.first, parts.count) {
    case ("prompted", 1): self = .prompted
    case ("begun", 1): self = .begun
    case ("forgotten", 1): self = .forgotten
    case ("told", 2), ("untold", 2):
      guard let key = UInt64(parts[1], radix: 16) else { return nil }
      self = parts[0] == "told" ? .told(key) : .untold(key)
    case ("further", 3):
      guard let time, let count = Int(parts[2]) else { return nil }
      self = .further(count, at: time)
    case ("announced", 3), ("unannounced", 3):
      guard let time else { return nil }
      self = parts[0] == "announced" ? .announced(String(parts[2]), at: time) : .unannounced(String(parts[2]), at: time)
    case ("mute", 3):
      let rest = parts[2].split(separator: " ", maxSplits: 1)
      guard let time, rest.count == 2, let count = Int(rest[0]) else { return nil }
      self = .muted(String(rest[1]), until: time, count: count)
    default: return nil
    }
  }
}
