/// A connection to one client: a stream of bytes in each direction. The server reads and writes one piece at a time.
public protocol ByteTransport: Sendable {
  /// The next bytes of input, at least one; `nil` at the end of input, and after `close()`.
  func read() async throws -> [UInt8]?

  /// Writes all bytes; returns when they have left the process. Throws when the output is closed or broken.
  func write(_ bytes: [UInt8]) async throws

  /// Ends the connection: a waiting read returns `nil`, a waiting write throws. May be called more than once.
  func close()
}

/// The output is closed.
public struct TransportClosed: Error, Hashable, Sendable {
  public init() {}
}
