import Bridge
import Logging
import PostgresClient
import Synchronization

/// The store in a Postgres database, shared by agents on any machine.
///
/// It connects at the first verb. Verbs are idempotent, because the caller makes the ids: after a lost connection they are repeated for up
/// to 10 s.
public final class PostgresStore: BridgeStore {
  /// How a store behaves. The defaults are the documented ones; tests set others.
  public struct Options: Sendable {
    public var timing: StoreTiming
    public var pool: PoolConfiguration
    public var listener: ListenerConfiguration
    /// The interval between looks while notifications do not arrive.
    public var blindPoll: Duration
    /// The interval between looks while notifications arrive.
    public var safetyPoll: Duration
    /// For how long a verb is repeated after lost connections.
    public var patience: Duration
    /// How long a statement may occupy the listening connection before another one takes over.
    public var idleLimit: Duration = .seconds(1)

    public init(
      timing: StoreTiming = StoreTiming(), pool: PoolConfiguration = PoolConfiguration(),
      listener: ListenerConfiguration = ListenerConfiguration(),
      blindPoll: Duration = .seconds(1), safetyPoll: Duration = .seconds(10), patience: Duration = .seconds(10)
    ) {
      self.timing = timing
      self.pool = pool
      self.listener = listener
      self.blindPoll = blindPoll
      self.safetyPoll = safetyPoll
      self.patience = patience
    }
  }

  let pool: PostgresPool
  let schema: WorkspaceSchema
  let sql: SQL
  let timing: StoreTiming
  let patience: Duration
  let migrator: PostgresMigrator
  let readiness: Readiness
  let watch: NotificationWatch
  let idle: IdleExecutor
  let neighbours = NeighbouringSessions()
  /// Whether this process has seen to the text index.
  let hasRebuilt = Atomic(false)
  let logger: Logger

  public init(settings: ConnectionSettings, workspace: Workspace?, options: Options = Options(), logger: Logger) {
    let schema = WorkspaceSchema(workspace)
    let pool = PostgresPool(settings, options.pool)
    let migrator = PostgresMigrator(pool: pool, schema: schema, logger: logger)
    let readiness = Readiness(migrator: migrator)
    self.pool = pool
    self.schema = schema
    self.sql = SQL(schema: schema)
    self.timing = options.timing
    self.patience = options.patience
    self.migrator = migrator
    self.readiness = readiness
    self.logger = logger
    self.watch = NotificationWatch(
      settings: settings, schema: schema, pool: pool, readiness: readiness, options: options, logger: logger)
    self.idle = IdleExecutor(watch: watch, pool: pool, limit: options.idleLimit, logger: logger)
  }

  /// The thread of the connections.
  public var executor: (any TaskExecutor)? { PostgresTaskExecutor.shared }

  public func wakeUps(for agent: Identity, _ urgency: WakeUps.Urgency) -> WakeUps { watch.subscribe(agent) }

  public func close() async {
    watch.stop()
    await pool.close()
  }
}
