import JSON
import SystemSupport

/// Waits for something, but not for ever.
func awaited<Value: Sendable>(
  _ name: String, within patience: Duration, _ clock: any Clock<Duration>, _ wait: @escaping @Sendable () async -> Value?
) async throws(ClientError) -> Value {
  let value = await withTaskGroup(of: Value?.self) { group in
    group.addTask { await wait() }
    group.addTask {
      try? await clock.sleep(for: patience)
      return nil
    }
    defer { group.cancelAll() }
    return await group.next() ?? nil
  }
  if let value { return value }
  throw Task.isCancelled ? .cancelled(name) : .late(name, patience)
}

/// The messages that answer no request.
struct Notices: MailboxContents {
  private var messages: [JSON] = []

  mutating func add(_ message: JSON) { messages.append(message) }
  mutating func takeFirst() -> JSON? {
    // A bare `nil` would be the JSON value null.
    messages.isEmpty ? Optional.none : messages.removeFirst()
  }
}
