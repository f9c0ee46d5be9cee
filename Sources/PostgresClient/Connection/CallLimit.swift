/// The time that a call has. It holds for all that the call awaits: the wait for a connection, connecting, and each statement.
public struct CallLimit: Sendable {
  @TaskLocal static var current: CallLimit?

  let end: ContinuousClock.Instant
  /// For a statement and the answer to cancelling it; then the connection is given up.
  let silence: Duration

  /// How long an answer to a cancel request may take.
  private static let grace = Duration.milliseconds(500)
  /// Less is not enough to begin anything; a COMMIT that the end of the time has overtaken gets it all the same.
  public static let least = Duration.milliseconds(300)

  /// - Parameters:
  ///   - end: when the call is over.
  ///   - silence: how long a connection may take to answer a statement until it is given up.
  public init(until end: ContinuousClock.Instant, silence: Duration = .seconds(3600)) {
    self.end = end
    self.silence = silence
  }

  /// Runs the body within this time, instead of that of a call around it; nil: without any but the times of the settings.
  public static func with<Value>(
    _ limit: CallLimit?, isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Value
  ) async rethrows -> Value {
    try await $current.withValue(limit, operation: body)
  }

  static func deadline(_ own: Duration) -> ContinuousClock.Instant {
    let deadline = ContinuousClock.now + own
    return current.map { min(deadline, $0.end) } ?? deadline
  }

  /// Throws `.timeout` when the command must not begin any more.
  func applied(to command: Command, _ settings: ConnectionSettings) throws(PostgresError) -> Command {
    let left = ContinuousClock.now.duration(to: end)
    guard left > Self.least || command.ignoresCancellation else {
      throw PostgresError(.timeout, "The time of the call was over before the statement was sent.")
    }
    var command = command
    let grace = min(settings.cancelGrace, Self.grace)
    command.grace = grace
    if !command.ignoresCancellation { command.end = end - grace }
    command.timeout = max(min(command.timeout ?? settings.queryTimeout, silence - grace, left - grace), Self.least)
    return command
  }
}
