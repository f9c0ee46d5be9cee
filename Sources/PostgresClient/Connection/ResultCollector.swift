import CLibPQ

/// Folds the results of one command into one outcome: the first error wins, and everything up to the end must be read, because a
/// statement's own result arrives before its COMMIT was tried.
struct ResultCollector {
  private(set) var rows: [PostgresRows] = []
  private(set) var report: PostgresError.ServerReport?
  /// What this client does not do was asked for.
  private(set) var isCopy = false

  /// Takes ownership of the result.
  mutating func add(_ result: OpaquePointer) {
    switch PQresultStatus(result) {
    case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: return rows.append(PostgresRows(storage: ResultStorage(result)))
    case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH: isCopy = true
    default: add(PostgresError.ServerReport(result))
    }
    PQclear(result)
  }

  mutating func add(_ error: PostgresError.ServerReport) { report = report ?? error }

  /// After the last result. `stop` says why the server was asked to cancel, if it was.
  func outcome(of role: CommandSchedule.Role?, stop: CommandSchedule.StopReason?) -> Result<[PostgresRows], PostgresError> {
    guard let report else {
      // A commit that is cancelled while it waits for a standby succeeds, and would be lost with this server.
      guard stop == .timedOut, role?.leavesUnknownOutcome == true else { return .success(rows) }
      let message = "The statement took longer than its time limit and was cancelled; whether it reached the standbys is unknown."
      return .failure(PostgresError(.unknownOutcome, message, outcomeIsUnknown: true))
    }
    let said = "Postgres refused the statement: \(report.message)" + (report.message.hasSuffix(".") ? "" : ".")
    switch stop {
    case .cancelled? where report.sqlState == .queryCanceled:
      return .failure(PostgresError(.cancelled, "The statement was cancelled; it took no effect.", server: report))
    case .timedOut? where report.sqlState == .queryCanceled:
      let message = "The statement took longer than its time limit and was cancelled; it took no effect."
      return .failure(PostgresError(.timeout, message, server: report))
    default: return .failure(PostgresError(.server, said, server: report))
    }
  }
}

extension PostgresError.ServerReport {
  init(_ result: OpaquePointer) {
    func field(_ code: Character) -> String? {
      PQresultErrorField(result, code.asciiValue.map(Int32.init) ?? 0).map { String(cString: $0) }
    }
    let whole = PQresultErrorMessage(result).map { String(cString: $0) } ?? ""
    self.init(
      sqlState: SQLState(field("C") ?? ""),
      message: field("M") ?? whole.split(whereSeparator: \.isNewline).first.map(String.init) ?? "", hint: field("H"),
      detail: field("D"), constraint: field("n"))
  }

  /// Made by libpq itself, as when the socket was closed: it has no SQLSTATE.
  var isFromLibPQ: Bool { sqlState.rawValue.isEmpty }
}
