import Bridge
import Logging
import Synchronization
import SystemSupport

/// The store in an SQLite file, shared by the processes of one host.
///
/// It opens at the first verb. If the file cannot be opened, the verb fails with the reason, and the next verb tries again.
public final class SQLiteStore: BridgeStore {
  /// How a store behaves. The defaults are the documented ones; tests set others.
  public struct Options: Sendable {
    public var timing: StoreTiming
    /// How long a verb waits for other processes' transactions.
    public var busyTimeout: Duration
    /// The ways to learn of another process's writes.
    public var wakeLayers: WakeLayers
    /// When checkpoints are made.
    var checkpoints = Checkpoints.Schedule()

    public init(timing: StoreTiming = StoreTiming(), busyTimeout: Duration = .seconds(10), wakeLayers: WakeLayers = .all) {
      (self.timing, self.busyTimeout, self.wakeLayers) = (timing, busyTimeout, wakeLayers)
    }
  }

  let connections: Connections
  let timing: StoreTiming
  let watch: StoreWatch
  /// Whether this process fills the text index.
  let isIndexing = Atomic(false)
  let checkpoints: Checkpoints
  let pacer = Mutex(Pacer())
  let bystanders: Bystanders
  let logger: Logger

  /// - Parameter path: the database file; a missing folder is created.
  public init(path: String, options: Options = Options(), logger: Logger) {
    let path = FileSystem.resolved(path)
    timing = options.timing
    self.logger = logger
    checkpoints = Checkpoints(schedule: options.checkpoints, path: path, logger: logger)
    connections = Connections(path: path, busyTimeout: options.busyTimeout, checkpoints: checkpoints, logger: logger)
    bystanders = Bystanders(path: path)
    watch = StoreWatch(connections: connections, layers: options.wakeLayers, logger: logger)
  }

  deinit { watch.stop() }

  public var executor: (any TaskExecutor)? { TaskThreads.shared }

  public func wakeUps(for agent: Identity, _ urgency: WakeUps.Urgency) -> WakeUps { watch.subscribe(urgency) }

  public func close() async {
    watch.stop()
    connections.settleBeforeClosing()
    connections.close()
  }
}
