import Bridge
import Logging
import PostgresClient

/// The store in a Postgres database, shared by agents on any machine.
///
/// Nothing is connected before the first verb. Verbs can be repeated without harm, since the caller makes the ids: where a connection is lost
/// they are repeated until 10 s are over.
public final class PostgresStore: BridgeStore {
  /// How a store behaves. The defaults are the documented ones; tests set others.
  public struct Options: Sendable {
    public var timing: StoreTiming
    public var pool: PoolConfiguration
    public var listener: ListenerConfiguration
    /// How often to look where notifications do not arrive, while somebody waits or not.
    public var blindPoll: Duration
    /// How often to look although notifications arrive: give or take 20 %.
    public var safetyPoll: Duration
    /// For how long a verb is repeated after lost connections.
    public var patience: Duration
    /// How long a statement may keep the connection that listens; then it is left to another one.
    public var idleLimit: Duration = .seconds(1)

    public init(
      timing: StoreTiming = StoreTiming(), pool: PoolConfiguration = PoolConfiguration(),
      listener: ListenerConfiguration = ListenerConfiguration(),
      blindPoll: Duration = .seconds(1), safetyPoll: Duration = .seconds(15), patience: Duration = .seconds(10)
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
