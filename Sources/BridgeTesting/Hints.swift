import Bridge

/// Awaits hints. Only a failing test waits for the time-out; nothing sleeps.
public enum Hints {
  /// The next hint; nil when none comes.
  public static func next(_ wakeUps: WakeUps, within time: Duration = .seconds(20)) async -> WakeUp? {
    await limited(wakeUps, time) { iterator in await iterator.next() }
  }

  /// Looks after each hint until something is found; nil after the time-out.
  public static func until<Found: Sendable>(
    _ wakeUps: WakeUps, within time: Duration = .seconds(20), look: () async throws -> Found?
  ) async throws -> Found? {
    if let found = try await look() { return found }
    return try await limited(wakeUps, time) { iterator in
      while await iterator.next() != nil {
        if let found = try await look() { return found }
      }
      return nil
    }
  }

  /// Whether no hint has come so far. Ends the sequence.
  public static func isSilent(_ wakeUps: WakeUps) async -> Bool {
    wakeUps.finish()
    var iterator = wakeUps.makeAsyncIterator()
    return await iterator.next() == nil
  }

  private static func limited<Found>(
    _ wakeUps: WakeUps, _ time: Duration, _ body: (inout WakeUps.Iterator) async throws -> Found?
  ) async rethrows -> Found? {
    let limit = Task { [weak wakeUps] in
      guard (try? await Task.sleep(for: time)) != nil else { return }
      wakeUps?.finish()
    }
    defer { limit.cancel() }
    var iterator = wakeUps.makeAsyncIterator()
    return try await body(&iterator)
  }
}
