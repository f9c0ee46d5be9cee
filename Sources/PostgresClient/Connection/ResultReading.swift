import CLibPQ

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
    self.init(
      sqlState: SQLState(field("C") ?? ""), severity: field("V") ?? field("S") ?? "ERROR",
      message: field("M") ?? PQresultErrorMessage(result).map { String(cString: $0) }.map(Self.firstLine) ?? "", detail: field("D"),
      hint: field("H"),
      schema: field("s"), table: field("t"), column: field("c"), constraint: field("n"), position: field("P").flatMap { Int($0) })
  }

  private static func firstLine(_ text: String) -> String { text.split(whereSeparator: \.isNewline).first.map(String.init) ?? "" }

  /// Made by libpq itself, as when the socket was closed: then no SQLSTATE is there.
  var isFromLibPQ: Bool { sqlState.rawValue.isEmpty }
}
