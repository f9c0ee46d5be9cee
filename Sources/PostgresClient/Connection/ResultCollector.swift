/// Folds the results of one command into one outcome: the first error wins, and everything up to the end must be read, because a
/// statement's own result arrives before its COMMIT was tried.
struct ResultCollector {
  enum Part {
    case rows(PostgresRows)
    case error(PostgresError.ServerReport)
    /// What this client does not do, COPY for instance.
    case unsupported(String)
  }

  private(set) var rows: [PostgresRows] = []
  private(set) var report: PostgresError.ServerReport?
  private(set) var unsupported: String?

  mutating func add(_ part: Part) {
    switch part {
    case .rows(let more): rows.append(more)
    case .error(let error): report = report ?? error
    case .unsupported(let what): unsupported = unsupported ?? what
    }
  }

  /// After the last result. `stop` says why the server was asked to cancel, if it was.
  func outcome(stop: CommandSchedule.StopReason?) -> Result<[PostgresRows], PostgresError> {
    if let report {
      if report.sqlState == .queryCanceled, let stop { return .failure(Self.stopError(stop, report)) }
      return .failure(PostgresError(.server, Self.sentence(report), server: report))
    }
    if let unsupported {
      return .failure(PostgresError(.protocolViolation, "The statement is not supported by this client: \(unsupported)."))
    }
    return .success(rows)
  }

  static func stopError(_ stop: CommandSchedule.StopReason, _ report: PostgresError.ServerReport? = nil) -> PostgresError {
    switch stop {
    case .cancelled: PostgresError(.cancelled, "The statement was cancelled; it took no effect.", server: report)
    case .timedOut:
      PostgresError(.timeout, "The statement took longer than its time limit and was cancelled; it took no effect.", server: report)
    }
  }

  private static func sentence(_ report: PostgresError.ServerReport) -> String {
    "Postgres refused the statement: \(report.message)" + (report.message.hasSuffix(".") ? "" : ".")
  }
}
