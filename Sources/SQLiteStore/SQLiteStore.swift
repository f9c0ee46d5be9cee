import Bridge
import Logging

/// The store in an SQLite file, shared by the processes of one host.
///
/// Nothing is opened before the first verb; a file that cannot be opened fails each verb with the reason, and is tried again by the next.
public final class SQLiteStore: BridgeStore {
  /// How a store behaves. The defaults are the documented ones; tests set others.
  public struct Options: Sendable {
    public var timing: StoreTiming
    /// How long a verb waits for other processes' transactions.
    public var busyTimeout: Duration
    /// Which ways tell that another process has written.
    public var wakeLayers: WakeLayers
    /// When the write-ahead log is written back.
    var checkpoints = Checkpoints.Schedule()

    public init(timing: StoreTiming = StoreTiming(), busyTimeout: Duration = .seconds(10), wakeLayers: WakeLayers = .all) {
      self.timing = timing
      self.busyTimeout = busyTimeout
      self.wakeLayers = wakeLayers
    }
  }

  let connections: Connections
  let timing: StoreTiming
  let watch: StoreWatch
  let upkeep = Upkeep()
  let checkpoints: Checkpoints
  let logger: Logger

  /// - Parameter path: the database file; its folder is made when it is missing.
  public init(path: String, options: Options = Options(), logger: Logger) {
    self.timing = options.timing
    self.logger = logger
    self.connections = Connections(path: path, busyTimeout: options.busyTimeout, logger: logger)
    self.checkpoints = Checkpoints(
      schedule: options.checkpoints, size: connections.logSize, file: connections.upkeepFile, logger: logger)
    self.watch = StoreWatch(connections: connections, layers: options.wakeLayers, logger: logger)
  }

  public var executor: (any TaskExecutor)? { BlockingThreads.shared }

  public func wakeUps(for agent: Identity, _ urgency: WakeUps.Urgency) -> WakeUps { watch.subscribe(urgency) }

  public func close() async {
    watch.stop()
    connections.close()
  }
}
