import JSON
import Synchronization
import SystemSupport

@testable import MCP

/// A server's end of a connection inside the process; the other end is a ``MemoryClient``.
struct MemoryTransport: ByteTransport {
  fileprivate let pipes: MemoryPipes

  /// Both ends of a new connection.
  static func pair() -> (client: MemoryClient, transport: MemoryTransport) {
    let pipes = MemoryPipes()
    return (MemoryClient(pipes: pipes), MemoryTransport(pipes: pipes))
  }

  func read() async throws -> [UInt8]? { await pipes.toServer.next() }

  func write(_ bytes: [UInt8]) async throws {
    try await pipes.passGate()
    if !pipes.toClient.post(bytes) { throw TransportClosed() }
  }

  func close() {
    pipes.toServer.finish()
    pipes.changeGate(to: .closed)
    pipes.toClient.finish()
  }
}

/// A client's end of a connection inside the process. One task at a time may wait for lines.
final class MemoryClient: Sendable {
  private let pipes: MemoryPipes
  private let framer = Mutex(LineFramer(limit: .max))

  fileprivate init(pipes: MemoryPipes) { self.pipes = pipes }

  /// Writes a line; the line end is added.
  func send(_ line: String) { send(bytes: Array(line.utf8) + [UInt8(ascii: "\n")]) }

  func send(_ message: JSON) { send(bytes: message.encoded() + [UInt8(ascii: "\n")]) }

  func send(bytes: [UInt8]) { pipes.toServer.post(bytes) }

  /// Ends the server's input.
  func finish() { pipes.toServer.finish() }

  /// The next line that the server wrote; `nil` at the end of its output.
  func nextLine() async -> String? {
    while true {
      if let line = framer.withLock({ $0.next() }), case .line(let bytes) = line { return String(decoding: bytes, as: UTF8.self) }
      guard let bytes = await pipes.toClient.next() else { return nil }
      framer.withLock { $0.append(bytes) }
    }
  }

  /// The next line as JSON; `nil` at the end of output, and for a line that is none.
  func nextMessage() async -> JSON? {
    guard let line = await nextLine() else { return nil }
    return try? JSON(decoding: line)
  }

  /// From now on the server's writes wait, as on a full pipe.
  func pauseReading() { pipes.changeGate(to: .paused) }

  func resumeReading() { pipes.changeGate(to: .open) }

  /// Returns when a write of the server waits.
  func serverIsBlocked() async {
    while !pipes.isBlocked, await pipes.blocked.next() != nil {}
  }

  /// From now on the server's writes fail, as on a pipe without a reader.
  func breakOutput() { pipes.changeGate(to: .closed) }
}

private final class MemoryPipes: Sendable {
  enum Gate { case open, paused, closed }

  private struct State {
    var gate = Gate.open
    var held: [CheckedContinuation<Void, any Error>] = []
  }

  let toServer = Mailbox<[UInt8]>()
  let toClient = Mailbox<[UInt8]>()
  /// An element for each write that waits.
  let blocked = Mailbox<[UInt8]>()
  private let state = Mutex(State())

  var isBlocked: Bool { state.withLock { !$0.held.isEmpty } }

  /// Returns when the gate is open, and throws when it is closed.
  func passGate() async throws {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      let gate = state.withLock { state in
        if state.gate == .paused { state.held.append(continuation) }
        return state.gate
      }
      switch gate {
      case .open: continuation.resume()
      case .paused: blocked.post([])
      case .closed: continuation.resume(throwing: TransportClosed())
      }
    }
  }

  func changeGate(to gate: Gate) {
    let held = state.withLock { state -> [CheckedContinuation<Void, any Error>] in
      // A closed gate stays closed.
      guard state.gate != .closed else { return [] }
      state.gate = gate
      guard gate != .paused else { return [] }
      defer { state.held = [] }
      return state.held
    }
    for continuation in held {
      if gate == .open { continuation.resume() } else { continuation.resume(throwing: TransportClosed()) }
    }
  }
}
