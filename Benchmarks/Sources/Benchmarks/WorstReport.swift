/// What calls take in the worst shapes of a store, beside a small one.
struct WorstReport {
  struct Line {
    let shape, store, call: String
    let small, worst: Times
    /// How many times as long as on the small store a call may take.
    var limit = 2.0
    /// What physics allows beyond it, in milliseconds.
    var allowance = 0.0

    var ratio: Double { worst.p50 / small.p50 }
    var isWithin: Bool { worst.p50 <= small.p50 * limit + allowance }
  }

  var lines: [Line] = []
  private static let heading = ["shape", "store", "call", "small p50", "p95", "worst p50", "p95", "ratio", "limit", "verdict"]

  /// The result of every call.
  var text: String { Table(Self.heading, left: 3, lines.map(row)).text }

  /// Of each shape and store the call that comes nearest to its limit.
  var summary: String {
    var worst: [Line] = []
    for line in lines where line.limit.isFinite {
      func use(_ line: Line) -> Double { line.worst.p50 / (line.small.p50 * line.limit + line.allowance) }
      if let index = worst.firstIndex(where: { $0.shape == line.shape && $0.store == line.store }) {
        if use(line) > use(worst[index]) { worst[index] = line }
      } else {
        worst.append(line)
      }
    }
    return Table(Self.heading, left: 3, worst.map(row)).text
  }

  var failures: Int { lines.count { !$0.isWithin } }

  private func row(_ line: Line) -> [String] {
    [line.shape, line.store, line.call]
      + [line.small.p50, line.small.percentile(0.95), line.worst.p50, line.worst.percentile(0.95), line.ratio].map(decimal)
      + [
        "\(line.limit.isFinite ? decimal(line.limit) : "none")\(line.allowance > 0 ? " + \(decimal(line.allowance)) ms" : "")",
        line.isWithin ? "within" : "BEYOND",
      ]
  }
}
