enum Deadline {
  /// Waits for work that must not hold up the rest.
  ///
  /// - Returns: its value; nil if it takes longer. Then it is cancelled, and nobody waits for its end.
  @discardableResult
  static func within<Value: Sendable>(_ limit: Duration, _ work: @Sendable @escaping () async -> Value) async -> Value? {
    let (outcomes, continuation) = AsyncStream.makeStream(of: Value?.self)
    let worker = Task { continuation.yield(await work()) }
    let timer = Task {
      try? await Task.sleep(for: limit)
      continuation.yield(nil)
    }
    defer {
      timer.cancel()
      worker.cancel()
    }
    for await outcome in outcomes { return outcome }
    return nil
  }
}
