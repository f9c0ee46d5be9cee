import Bridge
import Foundation
import GRDB
import Logging
import Synchronization

/// A thread that awaits events of the folder, checks when a commit becomes visible, and polls.
final class WatchThread: Sendable {
  private let wake: WakePipe
  private let stopped = Atomic(false)

  init?(connections: Connections, layers: WakeLayers, subscribers: Subscribers, logger: Logger) {
    guard let wake = WakePipe() else { return nil }
    self.wake = wake
    let loop = WatchLoop(connections: connections, layers: layers, subscribers: subscribers, logger: logger)
    let thread = Thread { [weak self] in loop.run(wake: wake) { self?.stopped.load(ordering: .acquiring) ?? true } }
    thread.name = "sqlite-watch"
    thread.stackSize = 512 * 1024
    thread.start()
  }

  deinit { stop() }

  /// Somebody came or went: the intervals may have changed.
  func nudge() { wake.write() }

  func stop() {
    stopped.store(true, ordering: .releasing)
    wake.write()
  }
}

/// What the thread does.
///
/// Unchecked: it is made by one thread, handed over before the other starts, and used by that one only.
private final class WatchLoop: @unchecked Sendable {
  private let connections: Connections
  private let layers: WakeLayers
  private let subscribers: Subscribers
  private let logger: Logger
  private var events: FolderEventSource?
  private var schedule = CheckSchedule()
  private var version: DataVersion?
  private var nextPoll: UInt64 = 0

  init(connections: Connections, layers: WakeLayers, subscribers: Subscribers, logger: Logger) {
    self.connections = connections
    self.layers = layers
    self.subscribers = subscribers
    self.logger = logger
    // Before the first subscriber looks, so that nothing falls between.
    watchFolder()
  }

  private func watchFolder() {
    guard events == nil, !layers.isDisjoint(with: [.doorbell, .folder]) else { return }
    events = FolderEventSource(database: connections.path)
  }

  func run(wake: WakePipe, isStopped: () -> Bool) {
    while !isStopped() {
      watchFolder()
      // While checks are planned, they look at the folder as well.
      let folder = schedule.isRunning && events?.bell != -1 ? -1 : events?.folder ?? -1
      let happened = PollDescriptors.wait(for: [wake.descriptor, events?.bell ?? -1, folder], nanoseconds: patience())
      if happened[0] { wake.drain() }
      if happened[1], events?.drainBell() == true, layers.contains(.doorbell) { subscribers.post([.messages, .tasks]) }
      let time = now()
      let isDue = schedule.isDue(at: time)
      if isDue || happened[2], let seen = events?.drainFolder() {
        if seen.contains(.doorbell), layers.contains(.doorbell) { subscribers.post([.messages, .tasks]) }
        if seen.contains(.database), layers.contains(.folder) {
          if schedule.isRunning { schedule.prolong(at: time) } else { schedule.restart(at: time) }
        }
        if events?.isLost == true { events = nil }
      }
      // Somebody more urgent may have come since the last poll.
      nextPoll = min(nextPoll, time + pollInterval())
      let polls = layers.contains(.poll) && time >= nextPoll
      if isDue || polls { check() }
      if polls { nextPoll = time + pollInterval() }
    }
  }

  /// How long to wait for events; nil for as long as it takes.
  private func patience() -> UInt64? {
    guard subscribers.urgency != nil else { return nil }
    let time = now()
    let untilPoll = layers.contains(.poll) ? min(nextPoll > time ? nextPoll - time : 0, pollInterval()) : nil
    return [schedule.wait(at: time), untilPoll].compactMap(\.self).min()
  }

  private func pollInterval() -> UInt64 { subscribers.urgency == .waiting ? 40_000_000 : 250_000_000 }

  /// Posts a hint if another connection has committed since the last time, or the file is another one.
  private func check() {
    do {
      if version?.isCurrent(connections) != true {
        let first = version == nil
        version = try DataVersion(connections)
        if !first { subscribers.post([.messages, .tasks, .resync]) }
      }
      if try version?.hasChanged() == true { subscribers.post([.messages, .tasks]) }
    } catch {
      // Busy, or not there: the next check sees it. A subscriber finds out by itself what is wrong with the store.
      if !(error is DatabaseError) { version = nil }
      if FileIdentity(path: connections.path) != nil, connections.current() == nil { subscribers.post([.resync]) }
      logger.debug("the database could not be checked", metadata: ["error": "\(error)"])
    }
  }

  private func now() -> UInt64 { DispatchTime.now().uptimeNanoseconds }
}

/// Whether other connections have committed: `PRAGMA data_version` of one connection, about 2 µs.
private struct DataVersion {
  private let queue: DatabaseQueue
  private let file: FileIdentity
  private var last: Int64?

  init(_ connections: Connections) throws { (queue, file) = try connections.extraReader() }

  /// Whether the file that is open is still the one at the path.
  func isCurrent(_ connections: Connections) -> Bool { FileIdentity(path: connections.path) == file }

  /// True once for each change. The first answer is true: whoever asks has missed what came before.
  mutating func hasChanged() throws -> Bool {
    let version = try queue.unsafeRead { db in try Int64.fetchOne(db.cachedStatement(sql: "PRAGMA data_version")) }
    defer { last = version }
    return version != last
  }
}
