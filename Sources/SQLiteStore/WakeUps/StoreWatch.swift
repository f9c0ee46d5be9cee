import Bridge
import Dispatch
import GRDB
import Logging
import Synchronization
import SystemSupport

/// Tells subscribers that the database may have news.
final class StoreWatch: Sendable {
  private let connections: Connections
  private let layers: WakeLayers
  private let doorbell: Doorbell
  private let subscribers = Subscribers()
  private let logger: Logger
  private let loop = Mutex<WatchLoop?>(nil)

  init(connections: Connections, layers: WakeLayers, logger: Logger) {
    self.connections = connections
    self.layers = layers
    self.doorbell = Doorbell(database: connections.path)
    self.logger = logger
  }

  deinit { stop() }

  func subscribe(_ urgency: WakeUps.Urgency) -> WakeUps {
    let wakeUps = subscribers.subscribe(urgency) { [weak self] in
      self?.loop.withLock { $0?.nudge() }
    }
    loop.withLock { loop in
      if let loop { return loop.nudge() }
      loop = try? WatchLoop(connections: connections, layers: layers, subscribers: subscribers, logger: logger)
    }
    return wakeUps
  }

  /// This process has committed something that concerns others.
  func ring() {
    doorbell.ring()
    subscribers.post([.messages, .tasks])
  }

  func stop() {
    subscribers.finish()
    loop.withLock { loop in
      loop?.stop()
      loop = nil
    }
  }
}

/// A thread that waits for events of the folder, checks when a commit becomes visible, and polls.
///
/// Unchecked: after `init`, only the thread uses the variables.
private final class WatchLoop: @unchecked Sendable {
  private let connections: Connections
  private let layers: WakeLayers
  private let subscribers: Subscribers
  private let logger: Logger
  private let wake: WakePipe
  private let isStopped = Atomic(false)
  private var events: FolderWatch?
  private var schedule = CheckSchedule()
  private var version: DataVersion?
  private var nextPoll: UInt64 = 0

  init(connections: Connections, layers: WakeLayers, subscribers: Subscribers, logger: Logger) throws(SystemError) {
    self.connections = connections
    self.layers = layers
    self.subscribers = subscribers
    self.logger = logger
    wake = try WakePipe()
    // Before the first subscriber looks, so that it misses nothing.
    watchFolder()
    try SystemThread.start(stackSize: 512 << 10) { self.run() }
  }

  /// A subscriber came or went: the intervals may have changed.
  func nudge() { wake.wake() }

  func stop() {
    isStopped.store(true, ordering: .releasing)
    wake.wake()
  }

  private func watchFolder() {
    guard events == nil, !layers.isDisjoint(with: [.doorbell, .folder]) else { return }
    // Where the system has no watches left, polling does the work.
    events = try? FolderWatch(path: Doorbell(database: connections.path).path)
  }

  private func run() {
    let database = FileSystem.split(connections.path).name
    var poll = PollSet()
    while !isStopped.load(ordering: .acquiring) {
      watchFolder()
      let bell = events?.file
      poll.removeAll()
      poll.add(wake.descriptor)
      poll.add(bell)
      // While checks are scheduled, they look at the folder as well.
      poll.add(schedule.isRunning && bell != nil ? nil : events?.folder)
      poll.waitPrecisely(for: timeout().map { .nanoseconds(Int64($0)) })
      if poll.isReady(0) { wake.drain() }
      if poll.isReady(1), events?.drainFile() == true, layers.contains(.doorbell) { subscribers.post([.messages, .tasks]) }
      let time = now()
      let isDue = schedule.isDue(at: time)
      if isDue || poll.isReady(2), let seen = events?.drain(database: database) {
        if seen.contains(.doorbell), layers.contains(.doorbell) { subscribers.post([.messages, .tasks]) }
        if seen.contains(.database), layers.contains(.folder) {
          if schedule.isRunning { schedule.prolong(at: time) } else { schedule.restart(at: time) }
        }
        if events?.isLost == true { events = nil }
      }
      // A more urgent subscriber may have come since the last poll.
      nextPoll = min(nextPoll, time + pollInterval())
      let polls = layers.contains(.poll) && time >= nextPoll
      if isDue || polls { check() }
      if polls { nextPoll = time + pollInterval() }
    }
  }

  /// Nanoseconds to wait for events; nil for no limit.
  private func timeout() -> UInt64? {
    guard subscribers.urgency != nil else { return nil }
    let time = now()
    let untilPoll = layers.contains(.poll) ? min(nextPoll > time ? nextPoll - time : 0, pollInterval()) : nil
    return [schedule.wait(at: time), untilPoll].compactMap(\.self).min()
  }

  private func pollInterval() -> UInt64 { subscribers.urgency == .waiting ? 40_000_000 : 250_000_000 }

  /// Posts a hint if another connection has committed since the last check, or the file was replaced.
  private func check() {
    do {
      if version?.isCurrent(connections) != true {
        let first = version == nil
        version = try DataVersion(connections)
        if !first { subscribers.post([.messages, .tasks, .resync]) }
      }
      if try version?.hasChanged() == true { subscribers.post([.messages, .tasks]) }
    } catch {
      // Busy or missing: the next check sees it. Subscribers find out by themselves what is wrong with the store.
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

  /// Whether the open file is still the one at the path.
  func isCurrent(_ connections: Connections) -> Bool { FileIdentity(path: connections.path) == file }

  /// True once for each change. The first answer is true: earlier changes were not seen.
  mutating func hasChanged() throws -> Bool {
    let version = try queue.unsafeRead { db in try Int64.fetchOne(db.cachedStatement(sql: "PRAGMA data_version")) }
    defer { last = version }
    return version != last
  }
}
