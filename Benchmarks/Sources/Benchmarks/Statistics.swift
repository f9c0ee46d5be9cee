/// Durations of one thing that was measured several times.
struct Times {
  private var values: [Duration] = []

  mutating func add(_ duration: Duration) { values.append(duration) }

  mutating func measure(_ body: () throws -> Void) rethrows { try add(ContinuousClock().measure(body)) }

  /// In milliseconds.
  ///
  /// - Parameter share: 0.5 for the median.
  func percentile(_ share: Double) -> Double {
    let sorted = values.sorted()
    return sorted.isEmpty ? .nan : sorted[min(sorted.count - 1, Int((Double(sorted.count) * share).rounded(.down)))] / .milliseconds(1)
  }

  var p50: Double { percentile(0.5) }
  var p99: Double { percentile(0.99) }
}

struct Failure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
