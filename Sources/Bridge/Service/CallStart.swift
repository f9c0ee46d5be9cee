/// When the call that is carried out began. One limit covers all that it waits for, its turn included: a store counts from there.
public enum CallStart {
  @TaskLocal private static var instant: ContinuousClock.Instant?

  /// - Parameter instant: nil for a body whose verbs have the whole time each, such as one that looks again and again, or comes after a wait.
  public static func with<Value>(
    _ instant: ContinuousClock.Instant?, isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Value
  ) async rethrows -> Value {
    try await $instant.withValue(instant, operation: body)
  }

  /// The end of the call's time; counted from now outside of a call.
  public static func end(after limit: Duration) -> ContinuousClock.Instant { (instant ?? .now) + limit }
}
