import JSON
import Synchronization

/// A server's end of a connection inside the process; the other end is a ``MemoryClient``.
public struct MemoryTransport: ByteTransport {
  fileprivate let pipes: MemoryPipes

  /// Both ends of a new connection.
  public static func pair() -> (client: MemoryClient, transport: MemoryTransport) {
    let pipes = MemoryPipes()
    return (MemoryClient(pipes: pipes), MemoryTransport(pipes: pipes))
  }

  public func read() async throws -> [UInt8]? {
    await pipes.toServer.next()
  }

  public func write(_ bytes: [UInt8]) async throws {
    try await pipes.gate.pass()
    if !pipes.toClient.append(bytes) { throw TransportClosed() }
  }

  public func close() {
    pipes.toServer.finish()
    pipes.gate.close()
    pipes.toClient.finish()
  }
}

/// A client's end of a connection inside the process. One task at a time may wait for lines.
public final class MemoryClient: Sendable {
  private let pipes: MemoryPipes
  private let framer = Mutex(LineFramer(limit: .max))

  fileprivate init(pipes: MemoryPipes) {
    self.pipes = pipes
  }

  /// Writes a line; the line end is added.
  public func send(_ line: String) {
    send(bytes: Array(line.utf8) + [UInt8(ascii: "\n")])
  }

  public func send(_ message: JSON) {
    send(bytes: message.encoded() + [UInt8(ascii: "\n")])
  }

  public func send(bytes: [UInt8]) {
    _ = pipes.toServer.append(bytes)
  }

  /// Ends the server's input.
  public func finish() {
    pipes.toServer.finish()
  }

  /// The next line that the server wrote; `nil` at the end of its output.
  public func nextLine() async -> String? {
    while true {
      if let line = framer.withLock({ $0.next() }), case .line(let bytes) = line { return String(decoding: bytes, as: UTF8.self) }
      guard let bytes = await pipes.toClient.next() else { return nil }
      framer.withLock { $0.append(bytes) }
    }
  }

  /// The next line as JSON; `nil` at the end of output, and for a line that is none.
  public func nextMessage() async -> JSON? {
    guard let line = await nextLine() else { return nil }
    return try? JSON(decoding: line)
  }

  /// From now on a write of the server waits, as on a pipe that nobody reads.
  public func pauseReading() { pipes.gate.pause() }

  public func resumeReading() { pipes.gate.resume() }

  /// Returns when a write of the server waits at a paused connection.
  public func serverIsBlocked() async { await pipes.gate.somebodyWaits() }

  /// From now on each write of the server fails, as on a pipe whose reader is gone.
  public func breakOutput() { pipes.gate.close() }
}

private final class MemoryPipes: Sendable {
  let toServer = ByteQueue()
  let toClient = ByteQueue()
  let gate = Gate()
}
