import JSON
import SystemSupport

/// An answer that is awaited.
public struct Reply: Sendable {
  public let id: Int64
  /// The tool or the method.
  public let name: String
  let settings: Client.Settings
  let outcome = Once<Result<Arrival, ClientError>>()

  public var hasArrived: Bool { outcome.value != nil }

  /// The message as it came, be it a result or an error.
  public func arrival(within patience: Duration? = nil) async throws(ClientError) -> Arrival {
    if let outcome = outcome.value { return try outcome.get() }
    let awaitedOutcome = try await awaited("the answer to \(name)", within: patience ?? settings.patience, settings.clock) { [outcome] in
      await outcome.wait()
    }
    return try awaitedOutcome.get()
  }

  /// - Throws: ``ClientError/refused(_:code:message:)`` for an error.
  public func result(within patience: Duration? = nil) async throws(ClientError) -> JSON {
    try await arrival(within: patience).result(of: name)
  }

  /// The structured content of a tool's result.
  ///
  /// - Throws: ``ClientError/toolFailed(_:message:)`` for a result that is an error.
  public func content(within patience: Duration? = nil) async throws(ClientError) -> JSON {
    try await arrival(within: patience).content(of: name)
  }
}

/// A message, and when it came.
public struct Arrival: Sendable {
  public let message: JSON
  public let at: ContinuousClock.Instant

  public func result(of name: String) throws(ClientError) -> JSON {
    if let result = message["result"] { return result }
    guard let error = message["error"] else { throw .malformed(name, "neither a result nor an error") }
    throw .refused(name, code: error["code"]?.wholeNumber ?? 0, message: error["message"]?.stringValue ?? "no reason given")
  }

  public func content(of tool: String) throws(ClientError) -> JSON {
    let result = try result(of: tool)
    if result["isError"]?.boolValue == true {
      throw .toolFailed(tool, message: result["content"]?.arrayValue?.first?["text"]?.stringValue ?? "no reason given")
    }
    guard let content = result["structuredContent"] else { throw .malformed(tool, "no structured content") }
    return content
  }
}

/// Why a client could not do what was asked.
public enum ClientError: Error, Hashable, Sendable, CustomStringConvertible {
  case cannotStart(String)
  /// The server's output ended first.
  case ended(during: String)
  /// The server answered with an error of the protocol.
  case refused(String, code: Int64, message: String)
  /// The tool ran and returned an error.
  case toolFailed(String, message: String)
  /// The answer lacks what it must have.
  case malformed(String, String)
  case late(String, Duration)
  case cancelled(String)

  public var description: String {
    switch self {
    case .cannotStart(let reason): reason
    case .ended(let name): "the server ended before it answered \(name)"
    case .refused(let name, _, let message): "the server refused \(name): \(message)"
    case .toolFailed(let tool, let message): "\(tool) failed: \(message)"
    case .malformed(let name, let problem): "the answer to \(name) has \(problem)"
    case .late(let name, let patience): "\(name) did not come within \(patience)"
    case .cancelled(let name): "nobody waits for \(name) any more"
    }
  }

  /// The sentence that the server gave for its refusal.
  public var reason: String? {
    switch self {
    case .refused(_, _, let message), .toolFailed(_, let message): message
    default: nil
    }
  }
}

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
