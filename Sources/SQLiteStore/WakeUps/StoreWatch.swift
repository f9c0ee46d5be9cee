import Bridge
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
  private var nextPoll = ContinuousClock.now

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
    let name = FileSystem.split(connections.path).name
    var descriptors = PollSet()
    while !isStopped.load(ordering: .acquiring) {
      watchFolder()
      descriptors.removeAll()
      descriptors.add(wake.descriptor)
      descriptors.add(events?.descriptor)
      descriptors.wait(for: timeout())
      if descriptors.isReady(0) { wake.drain() }
      if descriptors.isReady(1), let events { take(events.drain(), database: name) }
      if events?.isLost == true { events = nil }
      let now = ContinuousClock.now
      let polls = layers.contains(.poll) && now >= nextPoll
      if schedule.isDue(at: now) || polls { check() }
      if polls { nextPoll = now + pollInterval }
    }
  }

  private func take(_ events: [FolderWatch.Event], database: String) {
    var heard: WakeLayers = []
    for event in events {
      heard.formUnion(event.isOverflow ? .all : .ofEvent(of: event.name, removed: event.isRemoved, database: database))
    }
    heard.formIntersection(layers)
    if heard.contains(.doorbell) { subscribers.post([.messages, .tasks]) }
    if heard.contains(.folder) { schedule.restart(at: .now) }
  }

  /// How long to wait for events; nil for no limit.
  private func timeout() -> Duration? {
    guard subscribers.urgency != nil else { return nil }
    let now = ContinuousClock.now
    // A more urgent subscriber may have come since the last poll.
    nextPoll = min(nextPoll, now + pollInterval)
    return [schedule.next, layers.contains(.poll) ? nextPoll : nil].compactMap(\.self).min().map { $0 - now }
  }

  private var pollInterval: Duration { subscribers.urgency == .waiting ? .milliseconds(40) : .milliseconds(250) }

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
