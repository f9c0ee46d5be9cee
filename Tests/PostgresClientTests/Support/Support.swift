import PostgresClient
import PostgresTesting
import ProcessTesting
import Testing

/// The error that the call throws; fails the test if it throws none or another kind.
func postgresError(
  _ location: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async throws -> PostgresError {
  do { try await body() } catch let error as PostgresError { return error }
  throw TestingError("no error was thrown at \(location)")
}

extension PostgresCluster {
  static func connected() async throws -> (database: TestDatabase, connection: PostgresConnection) {
    let database = try await PostgresCluster.shared().createDatabase()
    return (database, try await PostgresConnection.connect(try ConnectionSettings(database.url)))
  }
}

/// Awaits something that must come. The 30 s are for a busy machine; no test waits that long.
func within<T: Sendable>(_ limit: Duration = .seconds(30), _ body: @escaping @Sendable () async throws -> T) async throws -> T {
  try await withThrowingTaskGroup(of: T?.self) { group in
    group.addTask { try await body() }
    group.addTask {
      try await Task.sleep(for: limit)
      return nil
    }
    defer { group.cancelAll() }
    guard let value = try await group.next() ?? nil else { throw TestingError("nothing happened within \(limit)") }
    return value
  }
}

/// Takes a listener's events until one matches.
actor EventReader {
  private let events: AsyncStream<ListenerEvent>
  private let continuation: AsyncStream<ListenerEvent>.Continuation
  private(set) var seen: [ListenerEvent] = []

  init() { (events, continuation) = AsyncStream.makeStream() }

  nonisolated func add(_ event: ListenerEvent) { continuation.yield(event) }

  func next(where matches: @escaping @Sendable (ListenerEvent) -> Bool) async throws -> ListenerEvent {
    while true {
      let event = try await within { [events] in await events.first { _ in true } }
      guard let event else { throw TestingError("the events ended; seen: \(seen)") }
      seen.append(event)
      if matches(event) { return event }
    }
  }

  func connected() async throws {
    _ = try await next { if case .connected = $0 { true } else { false } }
  }

  func listening() async throws {
    _ = try await next { if case .stateChanged(.listening) = $0 { true } else { false } }
  }

  func disconnected() async throws -> PostgresError {
    let event = try await next { if case .stateChanged(.disconnected) = $0 { true } else { false } }
    guard case .stateChanged(.disconnected(let error)) = event else { throw TestingError("impossible") }
    return error
  }

  func notification() async throws -> PostgresNotification {
    let event = try await next { if case .notification = $0 { true } else { false } }
    guard case .notification(let notification) = event else { throw TestingError("impossible") }
    return notification
  }
}
