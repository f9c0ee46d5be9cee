import Bridge
import GRDB
import Logging
import Synchronization
import SystemSupport

/// Tells subscribers that the database may have news.
///
/// From the first subscription until ``stop()``, a thread waits for events of the folder, checks when a commit becomes visible, and polls.
/// Unchecked: once the thread runs, it alone uses the variables.
final class StoreWatch: @unchecked Sendable {
  private let connections: Connections
  private let layers: WakeLayers
  private let doorbell: KeptSidecar
  private let logger: Logger
  private let subscribers = Subscribers()
  /// Wakes the thread; nil while there is none.
  private let wake = Mutex<WakePipe?>(nil)
  private let isStopped = Atomic(false)
  private var events: FolderWatch?
  private var schedule = CheckSchedule()
  private var nextPoll = ContinuousClock.now
  /// The connection that is asked for `PRAGMA data_version`, which takes about 2 µs, with its file and its last answer.
  private var observer: (queue: DatabaseQueue, file: FileIdentity, version: Int64?)?

  init(connections: Connections, layers: WakeLayers, logger: Logger) {
    self.connections = connections
    self.layers = layers
    doorbell = KeptSidecar(SidecarFiles.doorbell(of: connections.path), of: connections.path)
    self.logger = logger
  }

  func subscribe(_ urgency: WakeUps.Urgency) -> WakeUps {
    let wakeUps = subscribers.subscribe(urgency)
    wake.withLock { wake in
      // The intervals may become shorter. When they become longer, the thread finds out after the present one.
      if let wake { return wake.wake() }
      guard let pipe = try? WakePipe() else { return }
      // Before the first subscriber looks, so that it misses nothing.
      watchFolder()
      do throws(SystemError) {
        try SystemThread.start(stackSize: 512 << 10) { self.run(pipe) }
        wake = pipe
      } catch { logger.warning("no thread is left to watch the database", metadata: ["error": "\(error)"]) }
    }
    return wakeUps
  }

  /// This process has committed something that concerns others.
  func ring() {
    // A failure is harmless: the other layers see the commit as well.
    try? doorbell.touch()
    subscribers.post([.messages, .tasks])
  }

  func stop() {
    subscribers.finish()
    isStopped.store(true, ordering: .releasing)
    nudge()
  }

  private func nudge() { wake.withLock { $0?.wake() } }

  // MARK: On the thread

  private func run(_ wake: WakePipe) {
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
      let now = ContinuousClock.now
      let polls = layers.contains(.poll) && now >= nextPoll
      if schedule.isDue(at: now) || polls { check() }
      if polls { nextPoll = now + pollInterval }
    }
    events = nil
    observer = nil
  }

  private func watchFolder() {
    guard events?.isCurrent != true, !layers.isDisjoint(with: [.doorbell, .folder]) else { return }
    // What was missed since the folder was moved.
    if events != nil { schedule.restart(at: .now) }
    // Where the system has no watches left, polling does the work.
    events = try? FolderWatch(path: SidecarFiles.doorbell(of: connections.path))
  }

  private func take(_ events: [FolderWatch.Event], database: String) {
    var heard: WakeLayers = []
    for event in events {
      heard.formUnion(event.isOverflow ? .all : .ofEvent(of: event.name, removed: event.isRemoved, database: database))
    }
    heard.formIntersection(layers)
    if heard.contains(.doorbell) {
      subscribers.post([.messages, .tasks])
      // Subscribers look by themselves, and sooner while this thread does not.
      nextPoll = .now + pollInterval
    }
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
      if observer == nil || observer?.file != FileIdentity(path: connections.path) {
        let isFirst = observer == nil
        let (queue, file) = try connections.openObserver()
        observer = (queue, file, nil)
        if !isFirst { subscribers.post([.messages, .tasks, .resync]) }
      }
      let version: Int64? = try observer?.queue.unsafeRead { try $0.value("PRAGMA data_version") }
      // At first as well: earlier commits were not seen.
      if version != observer?.version {
        subscribers.post([.messages, .tasks])
        if let rows = try? observer?.queue.unsafeRead(LastRows.init) { connections.found(rows) }
      }
      observer?.version = version
    } catch {
      // Its connection was closed meanwhile.
      if isStopped.load(ordering: .acquiring) { return }
      // Busy or missing: the next check sees it. Subscribers find out by themselves what is wrong with the store.
      if (error as? DatabaseError)?.resultCode != .SQLITE_BUSY { observer = nil }
      if FileIdentity(path: connections.path) != nil, connections.current() == nil { subscribers.post([.resync]) }
      logger.debug("the database could not be checked", metadata: ["error": "\(error)"])
    }
  }
}
