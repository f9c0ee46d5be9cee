/// The process's standard streams.
///
/// It keeps the real descriptors 0 and 1 to itself. What else the process prints to standard output goes to standard error, so that it
/// cannot reach the client; who reads standard input finds it empty. Descriptors are never made nonblocking, because others may share
/// them (the standard streams of a terminal are one). A thread each waits for input and for output, so that a client that does not read
/// blocks no other task. SIGPIPE is ignored from now on.
public struct StdioTransport: ByteTransport {
  private let connection: DescriptorTransport

  /// To be made once, at the start of the process, before anything prints.
  /// - Throws: ``SystemError`` when descriptors or threads are exhausted.
  public init() throws {
    try Descriptor.fillStandardStreams()
    Descriptor.ignoreBrokenPipes()
    let input = try Descriptor.duplicate(0)
    let output = try Descriptor.duplicate(1)
    try Descriptor.replace(1, by: 2)
    try Descriptor.replaceByNull(0)
    connection = try DescriptorTransport(input: input, output: output)
  }

  public func read() async throws -> [UInt8]? { try await connection.read() }
  public func write(_ bytes: [UInt8]) async throws { try await connection.write(bytes) }
  public func close() { connection.close() }
}
