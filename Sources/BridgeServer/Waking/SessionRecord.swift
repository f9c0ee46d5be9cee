import Bridge
import Foundation
import SystemSupport

/// What server and hooks have told one session of a client: a small file, one line for each fact.
///
/// What cannot be recorded is not told by anything that wakes a session, because it would be told again and again. Its methods block briefly:
/// do not call them on threads of Swift concurrency.
public struct SessionRecord: Sendable {
  /// Sessions without an announcement for this long are forgotten.
  private static let lifetime = 7.0 * 24 * 3600

  public let path: String
  /// Whether a person sees the session.
  let isAttended: Bool

  /// - Parameter agent: one session may have servers of several agents.
  public init(folder: String, session: ClaudeSession, agent: String) {
    path = "\(folder)/\(session.name).\(agent)"
    isAttended = session.isAttended
  }

  /// Decides on the recorded facts and records the decision, under a lock between processes.
  ///
  /// - Returns: nil if it cannot be recorded.
  func update<Value>(_ decide: ([AnnouncementRecord]) -> (value: Value, records: [AnnouncementRecord])) -> Value? {
    guard let file = openLocked() else { return nil }
    defer { file.unlockAndClose() }
    guard let bytes = try? file.readToEnd() else { return nil }
    let (value, records) = decide(Self.decode(bytes))
    // What was read to the end is written to at the end, behind a line that another process could not complete.
    let start = bytes.last.map { $0 == UInt8(ascii: "\n") } == false ? "\n" : ""
    do {
      if !records.isEmpty { try file.writeCompletely((start + records.map { $0.line + "\n" }.joined()).utf8) }
      return value
    } catch {
      // What is not told must not count as told.
      try? file.resize(to: Int64(bytes.count))
      return nil
    }
  }

  /// - Returns: whether it could be recorded.
  @discardableResult
  func append(_ records: [AnnouncementRecord]) -> Bool { update { _ in ((), records) } != nil }

  /// The user of the session has typed: the loop guard starts again.
  public func userHasTyped() {
    guard let bytes = FileSystem.contents(of: path), Announcements(records: Self.decode(bytes)).isGuarding else { return }
    append([.prompted])
  }

  /// The session's context was compacted or replaced: what is still unread is told once more.
  public func forget() {
    // A session without a person is not told of what was there before it at all.
    if isAttended, FileIdentity(path: path) != nil { append([.forgotten]) }
  }

  /// Nil if the file cannot be created or locked.
  private func openLocked() -> FileDescriptor? {
    if FileIdentity(path: path) == nil {
      // A new session is the occasion to remove files of old ones.
      let folder = FileSystem.split(path).folder
      try? FileSystem.makeFolder(folder)
      Self.prune(folder)
    }
    guard let file = try? FileDescriptor.openSidecar(path) else { return nil }
    // Others hold the lock for microseconds; a stopped process must not block a session.
    for _ in 0..<100 {
      if file.lock() { return file }
      Thread.sleep(forTimeInterval: 0.002)
    }
    try? file.close()
    return nil
  }

  /// Removes the files of sessions that ended long ago.
  private static func prune(_ folder: String) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
      guard let file = try? FileDescriptor.open("\(folder)/\(name)", .readOnly, options: .closeOnExec) else { continue }
      if let age = file.secondsSinceModification, age > lifetime { FileSystem.remove("\(folder)/\(name)") }
      try? file.close()
    }
  }

  private static func decode(_ bytes: [UInt8]) -> [AnnouncementRecord] {
    String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { AnnouncementRecord(line: $0) }
  }
}

/// The time since 1970, unaffected by changes of the clock while the process runs.
struct RunningTime: Sendable {
  private let start = ContinuousClock.now
  private let offset = Duration.seconds(WallClock.now)

  var now: Duration { offset + start.duration(to: .now) }
}
