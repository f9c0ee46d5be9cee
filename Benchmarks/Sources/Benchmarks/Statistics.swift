import Dispatch

/// Durations of one thing that was measured several times, in milliseconds.
struct Times {
  private(set) var values: [Double] = []

  mutating func measure<Value>(_ body: () throws -> Value) rethrows -> Value {
    let start = DispatchTime.now().uptimeNanoseconds
    let value = try body()
    values.append(Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6)
    return value
  }

  /// - Parameter share: 0.5 for the median.
  func percentile(_ share: Double) -> Double {
    let sorted = values.sorted()
    return sorted.isEmpty ? .nan : sorted[min(sorted.count - 1, Int((Double(sorted.count) * share).rounded(.down)))]
  }

  var p50: Double { percentile(0.5) }
  var p99: Double { percentile(0.99) }
}

func seconds<Value>(_ body: () throws -> Value) rethrows -> (Double, Value) {
  let start = DispatchTime.now().uptimeNanoseconds
  let value = try body()
  return (Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9, value)
}

struct Failure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// What threads share; each use is short.
final class Shared<Value>: @unchecked Sendable {
  private let queue = DispatchQueue(label: "shared")
  private var value: Value
  init(_ value: Value) { self.value = value }
  func use<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result { try queue.sync { try body(&value) } }
}
