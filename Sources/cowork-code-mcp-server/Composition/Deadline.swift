/// Work that must not hold up the rest.
enum Deadline {
  /// What the work comes to; nil when it takes longer, and then it is left to itself.
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
