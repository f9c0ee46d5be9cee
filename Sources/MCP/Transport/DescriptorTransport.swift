/// A connection over two descriptors, which it owns: pipes, sockets, terminals or files.
public struct DescriptorTransport: ByteTransport {
  private let reader: DescriptorReader
  private let writer: DescriptorWriter

  /// Both descriptors are closed by ``close()``. They may be the same.
  /// - Throws: ``SystemError`` when descriptors or threads are exhausted.
  public init(input: Int32, output: Int32) throws {
    let output = input == output ? try Descriptor.duplicate(output) : output
    reader = try DescriptorReader(input)
    writer = try DescriptorWriter(output)
  }

  public func read() async throws -> [UInt8]? { try await reader.read() }
  public func write(_ bytes: [UInt8]) async throws { try await writer.write(bytes) }

  public func close() {
    reader.close()
    writer.close()
  }
}
