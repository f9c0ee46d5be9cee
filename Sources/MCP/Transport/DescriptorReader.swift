import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

/// Reads a descriptor on a thread of its own, and only when somebody asks: what nobody asks for stays in the pipe.
final class DescriptorReader: Sendable {
  private struct State {
    var demand: CheckedContinuation<[UInt8]?, any Error>?
    var isClosed = false
    /// There is something to read that nobody has asked for.
    var isParked = false
  }

  private static let chunk = 64 << 10
  private let descriptor: Int32
  private let pipe: WakePipe
  private let state = Mutex(State())

  init(_ descriptor: Int32) throws(SystemError) {
    self.descriptor = descriptor
    pipe = try WakePipe()
    try SystemThread.start { self.run() }
  }

  func read() async throws -> [UInt8]? {
    try await withCheckedThrowingContinuation { continuation in
      let (isClosed, wasParked) = state.withLock { state in
        precondition(state.demand == nil, "Only one read at a time.")
        if !state.isClosed { state.demand = continuation }
        defer { state.isParked = false }
        return (state.isClosed, state.isParked)
      }
      if isClosed { continuation.resume(returning: nil) } else if wasParked { pipe.wake() }
    }
  }

  func close() {
    let demand = state.withLock { state in
      state.isClosed = true
      return state.demand.take()
    }
    demand?.resume(returning: nil)
    pipe.wake()
  }

  private func run() {
    defer { _ = Descriptor.close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: Self.chunk)
    while true {
      let (isClosed, isParked) = state.withLock { ($0.isClosed, $0.isParked) }
      if isClosed { return }
      let ready = Descriptor.poll([(pipe.readable, POLLIN)] + (isParked ? [] : [(descriptor, POLLIN)]))
      if ready[0] { pipe.drain() }
      guard ready.count > 1, ready[1], isWanted() else { continue }
      switch systemRead(&buffer) {
      case let count where count > 0: deliver(.success(Array(buffer[..<count])))
      case 0: deliver(.success(nil))
      default:
        // A nonblocking descriptor that another process has emptied: wait again.
        if errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR { continue }
        deliver(.failure(SystemError("read")))
      }
    }
  }

  /// Whether what can be read now is asked for; if not, the descriptor is left alone until it is.
  private func isWanted() -> Bool {
    state.withLock { state in
      state.isParked = state.demand == nil
      return !state.isParked
    }
  }

  private func systemRead(_ buffer: inout [UInt8]) -> Int {
    #if canImport(Glibc)
      Glibc.read(descriptor, &buffer, buffer.count)
    #elseif canImport(Darwin)
      Darwin.read(descriptor, &buffer, buffer.count)
    #else
      Musl.read(descriptor, &buffer, buffer.count)
    #endif
  }

  private func deliver(_ result: Result<[UInt8]?, any Error>) {
    let demand = state.withLock { $0.demand.take() }
    demand?.resume(with: result)
  }
}
