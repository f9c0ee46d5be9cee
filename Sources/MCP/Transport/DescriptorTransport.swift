import Synchronization
import SystemSupport

/// A connection over two descriptors, which it owns: pipes, sockets, terminals or files. It reads only on demand.
public final class DescriptorTransport: ByteTransport {
  private struct Waiters {
    var reader: CheckedContinuation<[UInt8]?, any Error>?
    var writer: CheckedContinuation<Void, any Error>?
    var isClosed = false
    var isOutputBroken = false
    var outputBroke: (@Sendable () -> Void)?
  }

  private let channel: ByteChannel
  private let waiters = Mutex(Waiters())

  /// - Parameter input: closed after ``close()``, as `output` is. Both may be the same.
  /// - Throws: when descriptors or threads are exhausted.
  public init(input: FileDescriptor, output: FileDescriptor) throws(SystemError) {
    channel = try ByteChannel(source: input, sink: output, readsOnDemand: true)
    try channel.start { event in
      switch event {
      case .received(let result):
        let bytes = result.map { $0.isEmpty ? nil : $0 }
        self.waiters.withLock { $0.reader.take() }?.resume(with: bytes.mapError { $0 })
      case .written(let failure): self.written(failure.map { .failure($0) } ?? .success(()))
      case .sinkBroke:
        self.waiters.withLock { waiters in
          waiters.isOutputBroken = true
          return waiters.outputBroke.take()
        }?()
      case .sourceWaits, .sourceClosed: break
      }
    }
  }

  /// The standard streams of this process, which this transport keeps to itself.
  ///
  /// Call it once, before anything prints. What else the process prints to standard output goes to standard error, so that it cannot reach
  /// the client; other readers of standard input find it empty. SIGPIPE is ignored.
  public static func standardStreams() throws(SystemError) -> DescriptorTransport {
    try FileDescriptor.fillStandardStreams(writable: true)
    FileDescriptor.ignoreBrokenPipes()
    let (input, output) = (try FileDescriptor.standardInput.copy(), try FileDescriptor.standardOutput.copy())
    try FileDescriptor.standardOutput.replace(by: .standardError)
    let null = try FileDescriptor.null()
    try FileDescriptor.standardInput.replace(by: null)
    try? null.close()
    return try DescriptorTransport(input: input, output: output)
  }

  /// Calls a body once nobody can read the output any more, also while nothing is written.
  public func whenOutputBreaks(_ body: @escaping @Sendable () -> Void) {
    let isBroken = waiters.withLock { waiters in
      if !waiters.isOutputBroken { waiters.outputBroke = body }
      return waiters.isOutputBroken
    }
    if isBroken { body() }
  }

  public func read() async throws -> [UInt8]? {
    try await withCheckedThrowingContinuation { continuation in
      let isClosed = waiters.withLock { waiters in
        precondition(waiters.reader == nil, "Only one read at a time.")
        if !waiters.isClosed { waiters.reader = continuation }
        return waiters.isClosed
      }
      if isClosed { continuation.resume(returning: nil) } else { channel.read() }
    }
  }

  public func write(_ bytes: [UInt8]) async throws {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      let isClosed = waiters.withLock { waiters in
        precondition(waiters.writer == nil, "Only one write at a time.")
        if !waiters.isClosed { waiters.writer = continuation }
        return waiters.isClosed
      }
      if isClosed { return continuation.resume(throwing: TransportClosed()) }
      do throws(SystemError) { if try channel.send(bytes) { written(.success(())) } } catch { written(.failure(error)) }
    }
  }

  private func written(_ result: Result<Void, any Error>) { waiters.withLock { $0.writer.take() }?.resume(with: result) }

  public func close() {
    let (reader, writer) = waiters.withLock { waiters in
      waiters.isClosed = true
      return (waiters.reader.take(), waiters.writer.take())
    }
    reader?.resume(returning: nil)
    writer?.resume(throwing: TransportClosed())
    channel.close()
  }
}
