import SystemSupport
import Testing

@testable import MCP

/// Two connected ends: over two pipes, or over a pair of sockets.
private enum Link: CaseIterable {
  case pipes, sockets, nonblockingPipes, nonblockingSockets

  func open() throws -> (DescriptorTransport, DescriptorTransport) {
    FileDescriptor.ignoreBrokenPipes()
    if self == .pipes || self == .nonblockingPipes {
      let (first, second) = (try FileDescriptor.makePipe(), try FileDescriptor.makePipe())
      if self == .nonblockingPipes {
        for end in [first.reading, first.writing, second.reading, second.writing] { end.makeNonblocking() }
      }
      return (
        try DescriptorTransport(input: first.reading, output: second.writing),
        try DescriptorTransport(input: second.reading, output: first.writing)
      )
    }
    let (first, second) = try FileDescriptor.makeSocketPair()
    if self == .nonblockingSockets { for end in [first, second] { end.makeNonblocking() } }
    return (try DescriptorTransport(input: first, output: first), try DescriptorTransport(input: second, output: second))
  }
}

extension DescriptorTransport {
  fileprivate func readAll(count: Int) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count, let piece = try await read() { bytes += piece }
    return bytes
  }
}

@Suite(.timeLimit(.minutes(1))) struct DescriptorTests {
  @Test(arguments: Link.allCases)
  fileprivate func bytesArriveWholeAndInOrder(_ link: Link) async throws {
    let (near, far) = try link.open()
    let sent = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    async let received = far.readAll(count: sent.count)
    try await near.write(sent)
    #expect(try await received == sent)
    near.close()
    #expect(try await far.read() == nil)
    far.close()
  }

  @Test(arguments: Link.allCases)
  fileprivate func aWriteThatNobodyReadsWaitsAndEndsWithTheConnection(_ link: Link) async throws {
    let (near, far) = try link.open()
    let wrote = Event()
    let writing = Task {
      defer { wrote.happen() }
      try await near.write([UInt8](repeating: 1, count: 4_000_000))
    }
    // The first bytes are there, and the rest does not fit.
    #expect(try await far.read()?.isEmpty == false)
    #expect(wrote.count == 0)
    near.close()
    await #expect(throws: TransportClosed()) { try await writing.value }
    far.close()
  }

  @Test(arguments: Link.allCases)
  fileprivate func aWriteToNobodyFails(_ link: Link) async throws {
    let (near, far) = try link.open()
    far.close()
    await #expect(throws: SystemError.self) {
      while true { try await near.write([1]) }
    }
    near.close()
    await #expect(throws: TransportClosed()) { try await near.write([1]) }
  }

  @Test(arguments: Link.allCases)
  fileprivate func closingEndsAReadThatWaits(_ link: Link) async throws {
    let (near, far) = try link.open()
    let reading = Task { try await near.read() }
    near.close()
    #expect(try await reading.value == nil)
    #expect(try await near.read() == nil)
    far.close()
  }

  @Test(arguments: Link.allCases)
  fileprivate func aServerServesOverDescriptors(_ link: Link) async throws {
    let (near, far) = try link.open()
    let server = Server(.sample, logger: silent)
    let running = Task { await server.run(on: near) }
    try await far.write(request(1, "ping").encoded() + [0x0A])
    var framer = LineFramer(limit: 10_000)
    var line: LineFramer.Line?
    while line == nil, let bytes = try await far.read() {
      framer.append(bytes)
      line = framer.next()
    }
    #expect(line == .line(Array(#"{"jsonrpc":"2.0","id":1,"result":{}}"#.utf8)))
    far.close()
    let end = await running.value
    #expect(end == .endOfInput)
  }
}
