import Logging
import Synchronization
import SystemSupport

/// One connection. Commands run in the order in which they were asked for, one at a time; any task may ask.
///
/// It is its own reader: notifications and the end of the connection are noticed while idle.
public actor PostgresConnection {
  public nonisolated let unownedExecutor: UnownedSerialExecutor

  /// Notifications of the channels that this connection listens to. For one consumer; beyond 8,192 unread the oldest are dropped.
  /// Ends with the connection. `PostgresListener` is what keeps listening for ever.
  public nonisolated let notifications: AsyncStream<PostgresNotification>

  /// The server process that libpq was told of; a pooler tells something else than `pg_backend_pid()`.
  public nonisolated let serverProcessID: Int32
  /// 150020 is 15.20.
  public nonisolated let serverVersion: Int
  public nonisolated let usesTLS: Bool

  nonisolated let settings: ConnectionSettings
  nonisolated let loop: PostgresEventLoop
  nonisolated let prepared = PreparedStatements()
  private nonisolated let registration = PostgresEventLoop.RegistrationID()
  private nonisolated let ending = Once<PostgresError>()
  private nonisolated let outsideTransaction = Atomic(true)
  private let handle: ConnectionHandle
  private let logger: Logger
  private let receiveNotification: @Sendable (PostgresNotification) -> Void
  private let endNotifications: AsyncStream<PostgresNotification>.Continuation

  private var schedule = CommandSchedule()
  /// All that are not complete, queued or running.
  private var pending: [CommandSchedule.ID: PendingCommand] = [:]
  private var collector = ResultCollector()
  private var isFlushing = false
  private var deadline: ContinuousClock.Instant?

  /// Tries each host in order, each address at most `settings.connectTimeout`.
  /// Throws `.connectionFailed`, `.authenticationFailed`, `.tlsFailed` or `.cancelled`.
  ///
  /// - Parameter receive: called on the loop's thread with each notification, instead of the stream.
  public static func connect(
    _ settings: ConnectionSettings, on loop: PostgresEventLoop = .shared, logger: Logger = .silent,
    receivingNotifications receive: (@Sendable (PostgresNotification) -> Void)? = nil
  ) async throws(PostgresError) -> PostgresConnection {
    let connection = PostgresConnection(try await Connector.connect(settings), settings, loop, logger, receive)
    logger.debug("connected", metadata: ["server": "\(settings.redactedDescription)", "process": "\(connection.serverProcessID)"])
    return connection
  }

  private init(
    _ handle: ConnectionHandle, _ settings: ConnectionSettings, _ loop: PostgresEventLoop, _ logger: Logger,
    _ receive: (@Sendable (PostgresNotification) -> Void)?
  ) {
    self.handle = handle
    self.settings = settings
    self.loop = loop
    self.logger = logger
    unownedExecutor = loop.asUnownedSerialExecutor()
    serverProcessID = handle.serverProcessID
    serverVersion = Int(handle.serverVersion)
    usesTLS = handle.usesTLS
    let (stream, continuation) = AsyncStream.makeStream(of: PostgresNotification.self, bufferingPolicy: .bufferingNewest(8_192))
    notifications = stream
    endNotifications = continuation
    receiveNotification = receive ?? { continuation.yield($0) }
    loop.register(registration, handle.socket) { [weak self] readiness in self?.assumeIsolated { $0.socketIsReady(readiness) } }
  }

  deinit {
    // The loop must drop the socket before it is closed, because its number may be reused at once.
    endNotifications.finish()
    guard ending.value == nil else { return }
    loop.execute { [loop, registration, handle] in
      loop.deregister(registration)
      handle.finish()
    }
  }

  // MARK: state

  /// False from the moment its end was noticed.
  public nonisolated var isOpen: Bool { ending.value == nil }

  /// Returns when the connection has ended, with the reason; at once if it has.
  public nonisolated func waitUntilClosed() async -> PostgresError {
    await ending.wait() ?? PostgresError(.cancelled, "Waiting for the end of a connection was cancelled.")
  }

  /// False when a statement left a transaction open on the server: such a connection must not be used again.
  nonisolated var isOutsideTransaction: Bool { outsideTransaction.load(ordering: .acquiring) }

  /// Ends the connection. Waiting commands throw `.closed`, and so does a running one, with `outcomeIsUnknown` if that applies.
  public func close() {
    end(PostgresError(.closed, "The connection to Postgres was closed by this program."))
  }

  // MARK: commands

  /// Queues the command and waits for its result.
  ///
  /// Not isolated: a continuation that is awaited inside the actor resumes on another thread first and comes back to the loop's from there.
  nonisolated func perform(_ command: Command) async throws(PostgresError) -> [PostgresRows] {
    let pending = PendingCommand(try CallLimit.current?.applied(to: command, settings) ?? command)
    if command.ignoresCancellation { return try await submit(pending).get() }
    return try await withTaskCancellationHandler {
      await submit(pending)
    } onCancel: {
      pending.cancel()
      loop.execute { [weak self] in self?.assumeIsolated { $0.stop(pending.id, .cancelled) } }
    }.get()
  }

  private nonisolated func submit(_ command: PendingCommand) async -> Result<[PostgresRows], PostgresError> {
    await command.result { loop.execute { self.assumeIsolated { $0.enqueue(command) } } }
  }

  private func enqueue(_ command: PendingCommand) {
    if command.isCancelled { return command.complete(.failure(PostgresError(neverSent: .cancelled))) }
    pending[command.id] = command
    let action = schedule.enqueue(command.id, command.command.role)
    apply(action)
    // What it waits for may take longer than its call.
    guard action == .none, let end = command.command.end else { return }
    Task { [weak self] in
      try? await Task.pause(until: end)
      await self?.stop(command.id, .timedOut)
    }
  }

  private func apply(_ action: CommandSchedule.Action) {
    switch action {
    case .none: break
    case .send(let id): send(id)
    case .refuse(let id, let refusal): complete(id, .failure(error(for: refusal)))
    case .cancelOnServer: cancelOnServer()
    }
  }

  private func error(for refusal: CommandSchedule.Refusal) -> PostgresError {
    switch refusal {
    case .stopped(let reason): PostgresError(neverSent: reason)
    case .transactionEnded: PostgresError(.closed, "The transaction has ended; begin a new one.")
    case .connectionClosed: notSent(ending.value)
    }
  }

  private func send(_ id: CommandSchedule.ID) {
    guard let command = pending[id]?.command else { return apply(schedule.finished(succeeded: false)) }
    // What the server said while we were idle, its farewell above all. The second read sees the end of the stream after it.
    guard handle.consumeInput(), handle.consumeInput() else { return lose(runningWasSent: false) }
    deliverNotifications()
    collector = ResultCollector()
    let isSent =
      switch command.content {
      case .script(let script): handle.send(script: script)
      case .statement(let statement, let parameters): handle.send(statement, parameters)
      case .preparation(let name, let statement, let types): handle.prepare(name, statement, types)
      case .prepared(let name, let parameters): handle.send(prepared: name, parameters)
      }
    guard isSent else { return lose(runningWasSent: false) }
    deadline = .now + (command.timeout ?? settings.queryTimeout)
    isFlushing = handle.flush()
    loop.update(registration, wantsWritable: isFlushing, deadline: deadline)
  }

  private func complete(_ id: CommandSchedule.ID, _ result: Result<[PostgresRows], PostgresError>) {
    pending.removeValue(forKey: id)?.complete(result)
  }

  // MARK: input and output

  private func socketIsReady(_ readiness: PostgresEventLoop.Readiness) {
    guard isOpen else { return }
    if readiness.contains(.readable) {
      guard handle.consumeInput() else { return lose(runningWasSent: true) }
      deliverNotifications()
    }
    if isFlushing {
      isFlushing = handle.flush()
      if !isFlushing { loop.update(registration, wantsWritable: false, deadline: deadline) }
    }
    readResults()
    if readiness.contains(.deadline), isOpen { deadlinePassed() }
  }

  private func readResults() {
    while let id = schedule.runningID, !handle.isBusy {
      deliverNotifications()
      if let result = handle.nextResult() {
        collector.add(result)
        if collector.isCopy {
          return end(PostgresError(.protocolViolation, "The connection was closed because of a COPY, which this client does not do."))
        }
      } else if handle.isBad {
        return lose(runningWasSent: true)
      } else {
        let outcome = collector.outcome(of: schedule.runningRole, stop: schedule.stopReason)
        collector = ResultCollector()
        deadline = schedule.stopReason == nil ? nil : deadline
        outsideTransaction.store(handle.isIdleOutsideTransaction, ordering: .releasing)
        complete(id, outcome)
        if case .failure(let error) = outcome, error.sqlState == .readOnlyTransaction, settings.wantsWrites {
          return end(lost(Self.takesNoWrites, error.server))
        }
        apply(schedule.finished(succeeded: (try? outcome.get()) != nil))
      }
    }
  }

  private func deliverNotifications() {
    while let notification = handle.nextNotification() { receiveNotification(notification) }
  }

  // MARK: stopping

  private func stop(_ id: CommandSchedule.ID, _ reason: CommandSchedule.StopReason) { apply(schedule.stop(id, reason)) }

  private func deadlinePassed() {
    guard let deadline, deadline <= .now else { return }
    self.deadline = nil
    guard let id = schedule.runningID, schedule.stopReason == nil else {
      if schedule.isWaitingForServer { end(lost("it did not answer a cancel request in time")) }
      return
    }
    if pending[id]?.command.closesOnTimeout == true { return end(lost("it did not answer in time")) }
    stop(id, .timedOut)
  }

  private func cancelOnServer() {
    guard let request = handle.makeCancelRequest() else { return lose(runningWasSent: true) }
    deadline = .now + (schedule.runningID.flatMap { pending[$0]?.command.grace } ?? settings.cancelGrace)
    loop.update(registration, wantsWritable: isFlushing, deadline: deadline)
    do throws(SystemError) {
      try SystemThread.start(stackSize: SystemThread.largeStack) { [loop, weak self] in
        _ = request.send()
        loop.execute { [weak self] in self?.assumeIsolated { $0.apply($0.schedule.cancelRequestReturned()) } }
      }
    } catch {
      // The statement runs until `cancelGrace` is over.
      apply(schedule.cancelRequestReturned())
    }
  }

  // MARK: the end

  private func lose(runningWasSent: Bool) {
    let text = collector.report?.message ?? settings.sanitizer.clean(handle.errorText).text
    end(lost(text.isEmpty ? "the server closed it" : text, collector.report), runningWasSent: runningWasSent)
  }

  private func lost(_ reason: String, _ report: PostgresError.ServerReport? = nil) -> PostgresError {
    let reported = report.flatMap { $0.isFromLibPQ ? nil : $0 }
    return PostgresError(
      .connectionLost, "The connection to Postgres at \(settings.redactedDescription) was lost: \(reason)", server: reported)
  }

  func end(_ reason: PostgresError, runningWasSent: Bool = true) {
    guard ending.set(reason) else { return }
    let (role, stop) = (schedule.runningRole, schedule.stopReason)
    let (running, queued) = schedule.close()
    loop.deregister(registration)
    handle.finish()
    logger.debug("connection ended", metadata: ["reason": "\(reason)"])
    if let running, let role {
      complete(running, .failure(runningWasSent ? Self.error(reason, role, stop) : notSent(reason)))
    }
    for id in queued { complete(id, .failure(notSent(reason))) }
    endNotifications.finish()
  }

  /// For the command that was sent.
  private static func error(
    _ reason: PostgresError, _ role: CommandSchedule.Role, _ stop: CommandSchedule.StopReason?
  ) -> PostgresError {
    let isUnknown = role.leavesUnknownOutcome
    let what = isUnknown ? "whether it took effect is unknown" : "its transaction is rolled back"
    let (code, message): (PostgresError.Code, String) =
      switch (reason.code, stop) {
      case (.protocolViolation, _): (reason.code, reason.message)
      case (_, .cancelled): (.cancelled, "The statement was cancelled and its connection given up; \(what).")
      case (_, .timedOut): (.timeout, "The statement took longer than its time limit and its connection was given up; \(what).")
      case (.closed, nil): (.closed, "\(reason.message) A statement was running; \(what).")
      case (_, nil):
        (
          isUnknown ? .unknownOutcome : .connectionLost,
          "\(reason.clause), after \(role.commits ? "COMMIT" : "a statement") was sent; \(what)."
        )
      }
    return PostgresError(code, message, server: reason.server, outcomeIsUnknown: isUnknown, underlying: reason)
  }

  /// For commands that were not sent.
  private func notSent(_ reason: PostgresError?) -> PostgresError {
    let reason = reason ?? PostgresError(.closed, "The connection to Postgres is closed.")
    return PostgresError(
      reason.code == .closed ? .closed : .connectionLost, "\(reason.clause); nothing was sent.", server: reason.server, underlying: reason)
  }
}
