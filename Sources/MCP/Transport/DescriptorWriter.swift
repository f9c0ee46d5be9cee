import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

/// Writes to a descriptor: at once what it takes at once, and the rest on a thread of its own. It writes only what cannot block, so that it can
/// be closed at any time.
final class DescriptorWriter: Sendable {
  private struct Job {
    let bytes: ArraySlice<UInt8>
    let continuation: CheckedContinuation<Void, any Error>
  }

  private struct State {
    var job: Job?
    var isClosed = false
  }

  private let descriptor: Int32
  private let kind: Descriptor.Kind
  private let pipe: WakePipe
  private let state = Mutex(State())

  init(_ descriptor: Int32) throws(SystemError) {
    self.descriptor = descriptor
    kind = Descriptor.kind(descriptor)
    pipe = try WakePipe()
    try SystemThread.start { self.run() }
  }

  func write(_ bytes: [UInt8]) async throws {
    let rest = try writeAtOnce(bytes)
    if rest.isEmpty { return }
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      let isClosed = state.withLock { state in
        precondition(state.job == nil, "Only one write at a time.")
        if !state.isClosed { state.job = Job(bytes: rest, continuation: continuation) }
        return state.isClosed
      }
      if isClosed { continuation.resume(throwing: TransportClosed()) } else { pipe.wake() }
    }
  }

  /// Spares most replies a change of threads.
  ///
  /// - Returns: what is left.
  private func writeAtOnce(_ bytes: [UInt8]) throws -> ArraySlice<UInt8> {
    // A terminal that is stopped would block.
    guard kind != .other else { return bytes[...] }
    // The thread closes the descriptor only after it has seen within the lock that it is to be closed.
    return try state.withLock { state in
      if state.isClosed { throw TransportClosed() }
      guard Descriptor.poll([(descriptor, POLLOUT)], milliseconds: 0)[0] else { return bytes[...] }
      let count = try write(piece: bytes[...])
      return bytes[count...]
    }
  }

  func close() {
    finish(.failure(TransportClosed()), closing: true)
    pipe.wake()
  }

  private func run() {
    defer { _ = Descriptor.close(descriptor) }
    while !isClosed {
      if let bytes = state.withLock({ $0.job?.bytes }) {
        if let result = write(whole: bytes) { finish(result) }
      } else if Descriptor.poll([(pipe.readable, POLLIN)])[0] {
        pipe.drain()
      }
    }
  }

  /// `nil` where the writer was closed meanwhile.
  private func write(whole bytes: ArraySlice<UInt8>) -> Result<Void, any Error>? {
    var rest = bytes
    while !rest.isEmpty {
      let ready = Descriptor.poll([(pipe.readable, POLLIN), (descriptor, POLLOUT)])
      if ready[0] { pipe.drain() }
      if isClosed { return nil }
      guard ready[1] else { continue }
      do { rest = rest.dropFirst(try write(piece: rest)) } catch { return .failure(error) }
    }
    return .success(())
  }

  /// Writes some of it to a descriptor that is ready.
  ///
  /// - Returns: how many bytes; none where it was not ready after all.
  private func write(piece bytes: ArraySlice<UInt8>) throws(SystemError) -> Int {
    let count = bytes.withUnsafeBytes { piece in
      switch kind {
      case .socket: send(descriptor, piece.baseAddress, piece.count, Self.sendFlags)
      case .pipe: systemWrite(piece.baseAddress, min(piece.count, Int(PIPE_BUF)))
      case .other: systemWrite(piece.baseAddress, piece.count)
      }
    }
    if count >= 0 { return count }
    if errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR { return 0 }
    throw SystemError("write")
  }

  private static var sendFlags: Int32 {
    #if canImport(Darwin)
      MSG_DONTWAIT
    #else
      Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
    #endif
  }

  private func systemWrite(_ address: UnsafeRawPointer?, _ count: Int) -> Int {
    #if canImport(Glibc)
      Glibc.write(descriptor, address, count)
    #elseif canImport(Darwin)
      Darwin.write(descriptor, address, count)
    #else
      Musl.write(descriptor, address, count)
    #endif
  }

  private var isClosed: Bool { state.withLock { $0.isClosed } }

  private func finish(_ result: Result<Void, any Error>, closing: Bool = false) {
    let job = state.withLock { state in
      if closing { state.isClosed = true }
      return state.job.take()
    }
    job?.continuation.resume(with: result)
  }
}
