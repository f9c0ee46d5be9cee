import CLibPQ

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

extension ResultCollector.Part {
  /// Takes ownership of the result.
  init(_ result: OpaquePointer) {
    switch PQresultStatus(result) {
    case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: self = .rows(PostgresRows(storage: ResultStorage(result)))
    case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
      PQclear(result)
      self = .unsupported("COPY FROM STDIN or TO STDOUT")
    default:
      self = .error(PostgresError.ServerReport(result))
      PQclear(result)
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
      message: field("M") ?? whole.split(whereSeparator: \.isNewline).first.map(String.init) ?? "", hint: field("H"))
  }

  /// Made by libpq itself, as when the socket was closed: it has no SQLSTATE.
  var isFromLibPQ: Bool { sqlState.rawValue.isEmpty }
}
