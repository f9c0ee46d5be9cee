import Bridge
import Foundation
import SystemSupport

/// What server and hooks have told one session of a client: a small file, one line for each fact.
///
/// A failure counts as if nothing were recorded. Its methods block briefly: do not call them on threads of Swift concurrency.
public struct SessionRecord: Sendable {
  /// Sessions without an announcement for this long are forgotten.
  private static let lifetime = 7.0 * 24 * 3600

  public let path: String

  /// - Parameters:
  ///   - session: the client's id of the session. Fails if it cannot be part of a file name.
  ///   - agent: one session may have servers of several agents.
  public init?(folder: String, session: String, agent: String) {
    let isName = session.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) || "-_".contains($0) }
    guard isName, 1...100 ~= session.utf8.count else { return nil }
    path = "\(folder)/\(session).\(agent)"
  }

  /// The recorded facts; creates nothing.
  func read() -> [AnnouncementRecord] { Self.decode(FileSystem.contents(of: path)) }

  /// Decides on the recorded facts and records the decision, under a lock between processes.
  func update<Value>(_ decide: ([AnnouncementRecord]) -> (value: Value, records: [AnnouncementRecord])) -> Value {
    let file = openLocked()
    defer { file?.unlockAndClose() }
    let (value, records) = decide(Self.decode(try? file?.readToEnd()))
    // What was read to the end is written to at the end.
    try? file?.writeCompletely(records.map { $0.line + "\n" }.joined().utf8)
    return value
  }

  func append(_ records: [AnnouncementRecord]) { update { _ in ((), records) } }

  /// Records an announcement.
  ///
  /// - Returns: the part that no other process of the session has told meanwhile; nil if there is none.
  func claim(_ announcement: Announcements.Announcement) -> Announcements.Announcement? {
    update { records in
      let known = Announcements(records: records)
      var rest = announcement
      rest.news.removeAll { known.isTold($0) }
      return rest.isEmpty ? (nil, []) : (rest, announcement.records)
    }
  }

  /// Nil if the file cannot be created.
  private func openLocked() -> FileDescriptor? {
    if FileIdentity(path: path) == nil {
      // A new session is the occasion to remove files of old ones.
      let folder = FileSystem.split(path).folder
      try? FileSystem.makeFolder(folder)
      Self.prune(folder)
    }
    guard let file = try? FileDescriptor.openSidecar(path) else { return nil }
    // Others hold the lock for microseconds; a stopped process must not block a session.
    for _ in 0..<100 where !file.lock() { Thread.sleep(forTimeInterval: 0.002) }
    return file
  }

  /// Removes the files of sessions that ended long ago.
  private static func prune(_ folder: String) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
      guard let file = try? FileDescriptor.open("\(folder)/\(name)", .readOnly, options: .closeOnExec) else { continue }
      if let age = file.secondsSinceModification, age > lifetime { FileSystem.remove("\(folder)/\(name)") }
      try? file.close()
    }
  }

  private static func decode(_ bytes: [UInt8]?) -> [AnnouncementRecord] {
    String(decoding: bytes ?? [], as: UTF8.self).split(separator: "\n").compactMap { AnnouncementRecord(line: $0) }
  }
}

extension AnnouncementRecord {
  /// As one line of text.
  var line: String {
    switch self {
    case .told(let key): "told \(String(key, radix: 16))"
    case .untold(let key): "untold \(String(key, radix: 16))"
    case .announced(let peer, let time): "announced \(Int64(time / .milliseconds(1))) \(peer)"
    case .muted(let peer, let time): "muted \(Int64(time / .milliseconds(1))) \(peer)"
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

/// The time since 1970, unaffected by changes of the clock while the process runs.
struct RunningTime: Sendable {
  private let start = ContinuousClock.now
  private let offset = Duration.seconds(WallClock.now)

  var now: Duration { offset + start.duration(to: .now) }
}

extension News {
  fileprivate func isYounger(than age: Duration) -> Bool {
    time.map { (0..<age / .seconds(1)).contains(WallClock.now - $0) } ?? false
  }
}

extension BridgeService {
  /// The note of a hook: news for the agent as text for the model, recorded as told; nil if there is nothing new.
  ///
  /// - Parameters:
  ///   - record: what the session has been told; nil if the session is unknown.
  ///   - includesOpenTasks: also open tasks that the agent has seen, because a new session does not know of them.
  public func hookNote(
    for record: SessionRecord?, _ settings: Announcements.Settings, includesOpenTasks: Bool = false
  ) async throws(BridgeError) -> String? {
    var inbox = try await Inbox.look(through: self, includesOpenTasks: includesOpenTasks)
    guard !inbox.news.isEmpty else { return nil }
    // What has just come is told to one session at a time.
    let first = try await FirstTold(of: self)
    inbox.news.removeAll { !first.isOwn($0) && $0.isYounger(than: FirstTold.patience) }
    func note(_ records: [AnnouncementRecord]) -> (value: String?, records: [AnnouncementRecord]) {
      var announcements = Announcements(settings: settings, records: records)
      // A count alone is no news, because nothing would record that it has been told.
      guard var announcement = announcements.announce(Inbox(news: inbox.news), at: RunningTime().now) else { return (nil, []) }
      announcement.further = inbox.further
      return (Envelope(identity: identity, settings: settings).text(announcement), announcement.records)
    }
    guard let record else { return note([]).value }
    return record.update(note)
  }
}
