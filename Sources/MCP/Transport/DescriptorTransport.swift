import Synchronization
import SystemSupport

/// A connection over two descriptors, which it owns: pipes, sockets, terminals or files.
///
/// It never makes a descriptor nonblocking, because other processes may share it. A thread of its own waits for input and for room in the
/// output, so that neither blocks a task; it reads only on demand, so that unread input stays in the pipe.
public final class DescriptorTransport: ByteTransport {
  private struct Input {
    var demand: CheckedContinuation<[UInt8]?, any Error>?
    /// There is input without demand: the thread does not look at it until there is.
    var isParked = false
    var isClosed = false
  }

  private struct Output {
    var job: (bytes: ArraySlice<UInt8>, continuation: CheckedContinuation<Void, any Error>)?
    /// The thread closes the descriptors after it has seen this.
    var isClosed = false
  }

  private static let chunk = 64 << 10

  private let source: FileDescriptor
  private let sink: FileDescriptor
  private let kind: FileDescriptor.Kind
  private let pipe: WakePipe
  private let onEndOfInput: @Sendable () -> Void
  private let input = Mutex(Input())
  private let output = Mutex(Output())

  /// - Parameters:
  ///   - input: closed after ``close()``, as `output` is. Both may be the same.
  ///   - onEndOfInput: called when the other side has ended the input.
  /// - Throws: when descriptors or threads are exhausted.
  public init(
    input: FileDescriptor, output: FileDescriptor, onEndOfInput: @escaping @Sendable () -> Void = {}
  ) throws(SystemError) {
    source = input
    sink = input == output ? try output.copy() : output
    kind = output.kind
    pipe = try WakePipe()
    self.onEndOfInput = onEndOfInput
    try SystemThread.start { self.run() }
  }

  /// The standard streams of this process, which this transport keeps to itself.
  ///
  /// Call it once, before anything prints. What else the process prints to standard output goes to standard error, so that it cannot reach
  /// the client; other readers of standard input find it empty. SIGPIPE is ignored.
  public static func standardStreams(
    onEndOfInput: @escaping @Sendable () -> Void = {}
  ) throws(SystemError) -> DescriptorTransport {
    try FileDescriptor.fillStandardStreams(writable: true)
    FileDescriptor.ignoreBrokenPipes()
    let (input, output) = (try FileDescriptor.standardInput.copy(), try FileDescriptor.standardOutput.copy())
    try FileDescriptor.standardOutput.replace(by: .standardError)
    let null = try FileDescriptor.null()
    try FileDescriptor.standardInput.replace(by: null)
    try? null.close()
    return try DescriptorTransport(input: input, output: output, onEndOfInput: onEndOfInput)
  }

  public func read() async throws -> [UInt8]? {
    try await withCheckedThrowingContinuation { continuation in
      let (isClosed, wasParked) = input.withLock { input in
        precondition(input.demand == nil, "Only one read at a time.")
        if !input.isClosed { input.demand = continuation }
        defer { input.isParked = false }
        return (input.isClosed, input.isParked)
      }
      if isClosed { continuation.resume(returning: nil) } else if wasParked { pipe.wake() }
    }
  }

  public func write(_ bytes: [UInt8]) async throws {
    let remaining = try writeAtOnce(bytes)
    if remaining.isEmpty { return }
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      let isClosed = output.withLock { output in
        precondition(output.job == nil, "Only one write at a time.")
        if !output.isClosed { output.job = (remaining, continuation) }
        return output.isClosed
      }
      if isClosed { continuation.resume(throwing: TransportClosed()) } else { pipe.wake() }
    }
  }

  /// Spares most replies a change of threads.
  ///
  /// - Returns: what is left.
  private func writeAtOnce(_ bytes: [UInt8]) throws -> ArraySlice<UInt8> {
    // A stopped terminal would block.
    guard kind != .other else { return bytes[...] }
    return try output.withLock { output in
      if output.isClosed { throw TransportClosed() }
      var poll = PollSet()
      poll.add(sink, .writable)
      guard poll.wait(for: .zero) else { return bytes[...] }
      return bytes[try sink.writeReady(bytes[...], kind)...]
    }
  }

  public func close() {
    let demand = input.withLock { input in
      input.isClosed = true
      return input.demand.take()
    }
    let job = output.withLock { output in
      output.isClosed = true
      return output.job.take()
    }
    demand?.resume(returning: nil)
    job?.continuation.resume(throwing: TransportClosed())
    pipe.wake()
  }

  // MARK: The thread

  private func run() {
    defer {
      try? source.close()
      try? sink.close()
    }
    var poll = PollSet()
    while true {
      let (isClosed, isWriting) = output.withLock { ($0.isClosed, $0.job != nil) }
      if isClosed { return }
      poll.removeAll()
      poll.add(pipe.descriptor)
      poll.add(input.withLock(\.isParked) ? nil : source)
      poll.add(isWriting ? sink : nil, .writable)
      guard poll.wait(for: nil) else { continue }
      if poll.isReady(0) { pipe.drain() }
      if poll.isReady(1) { readSource() }
      if poll.isReady(2) { writeSink() }
    }
  }

  private func readSource() {
    let isWanted = input.withLock { input in
      input.isParked = input.demand == nil
      return !input.isParked
    }
    guard isWanted else { return }
    let result: Result<[UInt8]?, any Error>
    do throws(SystemError) {
      let bytes = try source.readSome(upTo: Self.chunk)
      if bytes.isEmpty { onEndOfInput() }
      result = .success(bytes.isEmpty ? nil : bytes)
    } catch {
      // Another process has emptied a nonblocking descriptor.
      if error.code == .wouldBlock { return }
      result = .failure(error)
    }
    input.withLock { $0.demand.take() }?.resume(with: result)
  }

  private func writeSink() {
    // A terminal may block: not under the lock, which `close` needs.
    guard let bytes = output.withLock({ $0.job?.bytes }) else { return }
    let written: Result<Int, SystemError>
    do throws(SystemError) { written = .success(try sink.writeReady(bytes, kind)) } catch { written = .failure(error) }
    let finished = output.withLock { output -> CheckedContinuation<Void, any Error>? in
      if case .success(let count) = written, count < bytes.count {
        output.job?.bytes = bytes.dropFirst(count)
        return nil
      }
      return output.job.take()?.continuation
    }
    finished?.resume(with: written.map { _ in }.mapError { $0 })
  }
}
