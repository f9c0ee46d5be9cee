import JSON
import Synchronization
import SystemSupport

/// A client of one MCP server, over the server's standard streams or any other pair of descriptors.
///
/// Requests may overlap: answers are matched by id. A thread carries the bytes in both directions, so no call blocks its caller. The
/// client keeps every message that it receives and suits short sessions: demonstrations, checks, measurements and tests.
public class Client: @unchecked Sendable {
  /// How the client and the server agree on a revision of the protocol.
  public enum Era: Sendable {
    /// Once, by `initialize`.
    case handshake
    /// In the `_meta` of every request, from 2026-07-28 on.
    case perRequest

    public var revision: String {
      switch self {
      case .handshake: "2025-11-25"
      case .perRequest: "2026-07-28"
      }
    }
  }

  /// What the client says of itself, and how it waits.
  public struct Settings: Sendable {
    public var name: String
    public var version: String
    public var era: Era
    /// How long an answer or a notification is awaited where the call does not say.
    public var patience: Duration
    public var clock: any Clock<Duration>

    public init(
      name: String = "mcp-client", version: String = "1", era: Era = .handshake, patience: Duration = .seconds(30),
      clock: any Clock<Duration> = ContinuousClock()
    ) {
      (self.name, self.version, self.era, self.patience, self.clock) = (name, version, era, patience, clock)
    }
  }

  private struct State {
    var lastID: Int64 = 0
    var unanswered: [Int64: Reply] = [:]
    var arrivals: [Arrival] = []
    var garbage: [String] = []
    var unfinishedLine: [UInt8] = []
    var hasEnded = false
    /// Set when the server has written something that is left unread.
    var pause: Once<Bool>?
  }

  public let settings: Settings
  private let channel: ByteChannel
  private let state = Mutex(State())
  /// The messages that answer no request.
  private let notices = Mailbox<JSON>()
  private let outputEnd = Once<Bool>()

  /// - Parameters:
  ///   - input: where the server reads; owned by the client from now on.
  ///   - output: where the server writes; owned by the client from now on.
  public init(input: FileDescriptor, output: FileDescriptor, settings: Settings = Settings()) throws(ClientError) {
    self.settings = settings
    do throws(SystemError) {
      FileDescriptor.ignoreBrokenPipes()
      channel = try ByteChannel(source: output, sink: input, readsOnDemand: false)
      try channel.start { [weak self] event in
        switch event {
        case .received(let result): self?.take((try? result.get()) ?? [])
        case .sourceWaits: self?.state.withLock(\.pause)?.set(true)
        case .sourceClosed: self?.outputHasEnded()
        case .written, .sinkBroke: break
        }
      }
    } catch { throw .cannotStart("\(error)") }
  }

  deinit { channel.close() }

  // MARK: Requests

  /// Sends a request; its answer is awaited apart.
  ///
  /// - Parameter name: what errors call the request; by default the method.
  @discardableResult
  public func begin(_ method: String, _ params: JSONObject = [:], name: String? = nil) -> Reply {
    let (reply, hasEnded) = state.withLock { state in
      state.lastID += 1
      let reply = Reply(id: state.lastID, name: name ?? method, settings: settings)
      if !state.hasEnded { state.unanswered[reply.id] = reply }
      return (reply, state.hasEnded)
    }
    // A server whose output has ended may still read.
    if hasEnded { reply.outcome.set(.failure(.ended(during: reply.name))) }
    send(["jsonrpc": "2.0", "id": .integer(reply.id), "method": .string(method), "params": .object(marked(params))])
    return reply
  }

  /// The result of a request.
  @discardableResult
  public func request(_ method: String, _ params: JSONObject = [:], within patience: Duration? = nil) async throws(ClientError) -> JSON {
    try await begin(method, params).result(within: patience)
  }

  public func notify(_ method: String, _ params: JSONObject = [:]) {
    send(["jsonrpc": "2.0", "method": .string(method), "params": .object(params)])
  }

  public func send(_ message: JSON) { send(bytes: message.encoded() + [UInt8(ascii: "\n")]) }

  /// Sends bytes as they are, which need not be a message.
  public func send(bytes: [UInt8]) { _ = try? channel.send(bytes) }

  /// Opens the session: by the handshake, or by asking what the server offers.
  ///
  /// - Returns: the result of `initialize` or `server/discover`.
  @discardableResult
  public func connect() async throws(ClientError) -> JSON {
    guard settings.era == .handshake else { return try await request("server/discover") }
    let result = try await request(
      "initialize", ["protocolVersion": .string(settings.era.revision), "capabilities": [:], "clientInfo": information])
    notify("notifications/initialized")
    return result
  }

  private var information: JSON { ["name": .string(settings.name), "version": .string(settings.version)] }

  /// The parameters with what the era puts into every request.
  private func marked(_ params: JSONObject) -> JSONObject {
    guard settings.era == .perRequest else { return params }
    var params = params
    let prefix = "io.modelcontextprotocol/"
    let meta: JSONObject = [
      prefix + "protocolVersion": .string(settings.era.revision), prefix + "clientInfo": information,
      prefix + "clientCapabilities": [:],
    ]
    params["_meta"] = .object(meta.merging(params["_meta"]?.objectValue ?? [:]))
    return params
  }

  // MARK: Tools

  /// Calls a tool; its answer is awaited apart.
  public func beginCall(_ tool: String, _ arguments: JSONObject = [:]) -> Reply {
    begin("tools/call", ["name": .string(tool), "arguments": .object(arguments)], name: tool)
  }

  /// Calls a tool.
  ///
  /// - Returns: its structured content.
  @discardableResult
  public func call(_ tool: String, _ arguments: JSONObject = [:], within patience: Duration? = nil) async throws(ClientError) -> JSON {
    try await beginCall(tool, arguments).content(within: patience)
  }

  // MARK: What the server sent

  /// Every message, in the order of arrival.
  public var messages: [JSON] { state.withLock { $0.arrivals.map(\.message) } }

  /// The lines that are no JSON.
  public var garbage: [String] { state.withLock(\.garbage) }

  /// The next message that answers no request of this client and fits; those before it are passed over.
  public func notification(
    _ name: String = "a notification", within patience: Duration? = nil,
    where fits: @escaping @Sendable (JSON) -> Bool = { _ in true }
  ) async throws(ClientError) -> JSON {
    let notice = try await awaited(name, within: patience ?? settings.patience, settings.clock) { [notices] in
      while let notice = await notices.next() {
        if fits(notice) { return Result<JSON, ClientError>.success(notice) }
      }
      return Task.isCancelled ? nil : .failure(.ended(during: name))
    }
    return try notice.get()
  }

  /// Returns when the server's output has been read to its end.
  public func ended(within patience: Duration? = nil) async throws(ClientError) {
    _ = try await awaited("the end of the server's output", within: patience ?? settings.patience, settings.clock) { [outputEnd] in
      await outputEnd.wait()
    }
  }

  // MARK: The connection

  /// Leaves what the server writes unread. The result is set once the server has written something.
  public func pauseReading() -> Once<Bool> {
    let arrival = Once<Bool>()
    state.withLock { $0.pause = arrival }
    channel.read(false)
    return arrival
  }

  public func resumeReading() { channel.read() }

  /// Closes the server's input, once all that was sent has been written.
  public func closeInput() { channel.closeSink() }

  /// Closes the server's output without reading it to its end.
  public func closeOutput() { channel.closeSource() }

  /// Closes both directions at once; whatever is awaited fails.
  public func close() { channel.close() }

  private func take(_ bytes: [UInt8]) {
    let now = ContinuousClock.now
    var bytes = bytes[...]
    while let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
      let line = state.withLock { state in
        defer { state.unfinishedLine = [] }
        return state.unfinishedLine + bytes[..<end]
      }
      take(line: line, at: now)
      bytes = bytes[(end + 1)...]
    }
    state.withLock { $0.unfinishedLine += bytes }
  }

  private func take(line: [UInt8], at now: ContinuousClock.Instant) {
    guard let message = try? JSON(decoding: line) else {
      return state.withLock { $0.garbage.append(String(decoding: line, as: UTF8.self)) }
    }
    let reply = state.withLock { state -> Reply? in
      state.arrivals.append(Arrival(message: message, at: now))
      guard message["method"] == nil, let id = message["id"]?.wholeNumber else { return nil }
      return state.unanswered.removeValue(forKey: id)
    }
    if let reply { reply.outcome.set(.success(Arrival(message: message, at: now))) } else { notices.post(message) }
  }

  private func outputHasEnded() {
    let unanswered = state.withLock { state in
      state.hasEnded = true
      defer { state.unanswered = [:] }
      return state.unanswered.values
    }
    for reply in unanswered { reply.outcome.set(.failure(.ended(during: reply.name))) }
    notices.finish()
    outputEnd.set(true)
  }
}
