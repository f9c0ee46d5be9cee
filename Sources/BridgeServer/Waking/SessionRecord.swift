import Foundation

/// What server and hooks have told one session of a client: a small file, one line for each fact.
///
/// A failure counts as if nothing were recorded. Its methods block briefly: do not call them on threads of Swift concurrency.
public struct SessionRecord: Sendable {
  /// Sessions without an announcement for this long are forgotten.
  static let lifetime: TimeInterval = 7 * 24 * 3600

  public let path: String

  /// - Parameters:
  ///   - session: the client's id of the session. Fails if it cannot be part of a file name.
  ///   - agent: one session may have servers of several agents.
  public init?(folder: String, session: String, agent: String) {
    let isName = session.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
      case UInt8(ascii: "-"), UInt8(ascii: "_"): true
      default: false
      }
    }
    guard isName, 1...100 ~= session.utf8.count else { return nil }
    path = "\(folder)/\(session).\(agent)"
  }

  /// The recorded facts; creates nothing.
  func read() -> [AnnouncementRecord] {
    guard let data = FileManager.default.contents(atPath: path) else { return [] }
    return Self.decode(data)
  }

  /// Decides on the recorded facts and records the decision, under a lock between processes.
  func update<Value>(_ decide: ([AnnouncementRecord]) -> (value: Value, records: [AnnouncementRecord])) -> Value {
    let file = openLocked()
    defer { if file >= 0 { close(file) } }
    let (value, records) = decide(file >= 0 ? Self.decode(contents(of: file)) : [])
    if file >= 0, !records.isEmpty {
      let bytes = Data(records.map { $0.line + "\n" }.joined().utf8)
      _ = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
    }
    return value
  }

  func append(_ records: [AnnouncementRecord]) { update { _ in ((), records) } }

  /// Records an announcement.
  ///
  /// - Returns: the part that no other process of the session has told meanwhile; nil if there is none.
  func claim(_ announcement: Announcements.Announcement) -> Announcements.Announcement? {
    update { records in
      let memory = AnnouncementMemory(records)
      var rest = announcement
      rest.news.removeAll { memory.isTold($0) }
      guard !rest.news.isEmpty || rest.further > 0 || !rest.muted.isEmpty else { return (nil, []) }
      return (rest, announcement.records)
    }
  }

  /// Negative if the file cannot be created.
  private func openLocked() -> Int32 {
    var file = open(path, O_RDWR | O_APPEND | O_CLOEXEC)
    if file < 0 {
      // A new session is the occasion to remove files of old ones.
      let folder = (path as NSString).deletingLastPathComponent
      try? FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      file = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
      Self.prune(folder)
    }
    // Others hold the lock for microseconds; a stopped process must not block a session.
    for _ in 0..<100 where file >= 0 {
      if flock(file, LOCK_EX | LOCK_NB) == 0 { break }
      usleep(2_000)
    }
    return file
  }

  private func contents(of file: Int32) -> Data {
    var data = Data()
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    lseek(file, 0, SEEK_SET)
    while data.count < 8 << 20 {
      let count = Foundation.read(file, &buffer, buffer.count)
      if count <= 0 { break }
      data.append(contentsOf: buffer.prefix(count))
    }
    return data
  }

  /// Removes the files of sessions that ended long ago.
  public static func prune(_ folder: String, now: Date = Date()) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
      let path = "\(folder)/\(name)"
      guard let changed = (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date else { continue }
      if now.timeIntervalSince(changed) > lifetime { try? FileManager.default.removeItem(atPath: path) }
    }
  }

  private static func decode(_ data: Data) -> [AnnouncementRecord] {
    String(decoding: data, as: UTF8.self).split(separator: "\n").compactMap { AnnouncementRecord(line: $0) }
  }
}

extension AnnouncementRecord {
  /// As one line of text.
  var line: String {
    switch self {
    case .told(let key): "told \(String(key, radix: 16))"
    case .untold(let key): "untold \(String(key, radix: 16))"
    case .announced(let peer, let time): "announced \(time.milliseconds) \(peer)"
    case .muted(let peer, let time): "muted \(time.milliseconds) \(peer)"
    }
  }

  /// Nil for a line of another version, or an incomplete one.
  init?(line: Substring) {
    let parts = line.split(separator: " ", maxSplits: 2)
    guard parts.count >= 2 else { return nil }
    switch (parts[0], UInt64(parts[1], radix: 16), Int64(parts[1]), parts.count) {
    case ("told", let key?, _, 2): self = .told(key)
    case ("untold", let key?, _, 2): self = .untold(key)
    case ("announced", _, let time?, 3): self = .announced(String(parts[2]), at: .milliseconds(time))
    case ("muted", _, let time?, 3): self = .muted(String(parts[2]), until: .milliseconds(time))
    default: return nil
    }
  }
}

extension Duration {
  fileprivate var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}

/// The time since 1970, unaffected by changes of the clock while the process runs.
struct RunningTime: Sendable {
  private let start = ContinuousClock.now
  private let offset = Duration.seconds(Date().timeIntervalSince1970)

  var now: Duration { offset + start.duration(to: .now) }

  func instant(at time: Duration) -> ContinuousClock.Instant { start + (time - offset) }
}
