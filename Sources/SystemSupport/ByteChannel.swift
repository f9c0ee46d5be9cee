import Synchronization

/// Carries bytes over two descriptors, which it owns: pipes, sockets, terminals or files.
///
/// It never makes a descriptor nonblocking, because other processes may share it. A thread of its own waits for input and for room in the
/// output, so that neither blocks a caller. It reads only what is wanted: the rest stays in the pipe.
public final class ByteChannel: Sendable {
  /// What happens on the thread.
  public enum Event: Sendable {
    /// Bytes of the source; none at its end.
    case received(Result<[UInt8], SystemError>)
    /// There is something to read that is not wanted.
    case sourceWaits
    case sourceClosed
    /// All that was sent has left the process, or the rest of it never will.
    case written(SystemError?)
    /// Nobody has the other end of the sink any more.
    case sinkBroke
  }

  private struct State {
    var isReading: Bool
    /// There is something to read that is not wanted: the thread does not look at the source until it is.
    var isParked = false
    var isSourceOpen = true
    var isSinkOpen = true
    var outgoing: ArraySlice<UInt8> = []
  }

  private let source: FileDescriptor
  private let sink: FileDescriptor
  private let kind: FileDescriptor.Kind
  private let readsOnDemand: Bool
  private let pipe: WakePipe
  private let state: Mutex<State>

  /// - Parameters:
  ///   - readsOnDemand: whether nothing is read but what follows a call of ``read(_:)``, and an end of the source does not close it.
  /// - Throws: when descriptors are exhausted.
  public init(source: FileDescriptor, sink: FileDescriptor, readsOnDemand: Bool) throws(SystemError) {
    self.source = source
    self.sink = source == sink ? try sink.copy() : sink
    self.readsOnDemand = readsOnDemand
    kind = sink.kind
    pipe = try WakePipe()
    state = Mutex(State(isReading: !readsOnDemand))
  }

  public func start(_ handle: @escaping @Sendable (Event) -> Void) throws(SystemError) {
    try SystemThread.start(stackSize: SystemThread.largeStack) { self.run(handle) }
  }

  /// Whether to read: once on demand, else from now on.
  public func read(_ isWanted: Bool = true) {
    let wasParked = state.withLock { state in
      state.isReading = isWanted
      defer { state.isParked = false }
      return state.isParked
    }
    if wasParked { pipe.wake() }
  }

  /// Sends bytes behind those that were sent before. What fits is written at once, which spares most messages a change of threads.
  ///
  /// - Returns: whether all has been written, so that no event follows.
  public func send(_ bytes: [UInt8]) throws(SystemError) -> Bool {
    let isDone = try state.withLock { state throws(SystemError) in
      guard state.isSinkOpen else { return true }
      let isFirst = state.outgoing.isEmpty
      state.outgoing = isFirst ? bytes[...] : state.outgoing + bytes
      // A stopped terminal would block.
      if isFirst, kind != .other { try writeAtOnce(&state.outgoing) }
      return state.outgoing.isEmpty
    }
    if !isDone { pipe.wake() }
    return isDone
  }

  private func writeAtOnce(_ bytes: inout ArraySlice<UInt8>) throws(SystemError) {
    var poll = PollSet()
    poll.add(sink, .writable)
    guard poll.wait(for: .zero) else { return }
    do throws(SystemError) { bytes = bytes.dropFirst(try sink.writeReady(bytes, kind)) } catch {
      bytes = []
      throw error
    }
  }

  public func closeSource() { change { $0.isSourceOpen = false } }

  /// Closes the sink, once all that was sent has been written.
  public func closeSink() { change { $0.isSinkOpen = false } }

  /// Closes both at once.
  public func close() { change { ($0.isSourceOpen, $0.isSinkOpen, $0.outgoing) = (false, false, []) } }

  private func change(_ body: (inout State) -> Void) {
    state.withLock { body(&$0) }
    pipe.wake()
  }

  // MARK: The thread

  private func run(_ handle: (Event) -> Void) {
    var poll = PollSet()
    var (hasSource, hasSink, isSinkBroken) = (true, true, false)
    while true {
      let (isSourceOpen, isParked, isSinkOpen, isWriting) = state.withLock {
        ($0.isSourceOpen, $0.isParked, $0.isSinkOpen || !$0.outgoing.isEmpty, !$0.outgoing.isEmpty)
      }
      if hasSink, !isSinkOpen {
        hasSink = false
        try? sink.close()
      }
      if hasSource, !isSourceOpen {
        hasSource = false
        try? source.close()
        handle(.sourceClosed)
      }
      if !hasSource, !hasSink { return }
      poll.removeAll()
      poll.add(pipe.descriptor)
      poll.add(hasSource && !isParked ? source : nil)
      poll.add(isWriting || (hasSink && !isSinkBroken) ? sink : nil, isWriting ? .writable : [])
      guard poll.wait(for: nil) else { continue }
      if poll.isReady(0) { pipe.drain() }
      if poll.isReady(1) { readSource(handle) }
      guard poll.isReady(2) else { continue }
      if isWriting {
        writeSink(handle)
      } else {
        isSinkBroken = true
        handle(.sinkBroke)
      }
    }
  }

  private func readSource(_ handle: (Event) -> Void) {
    let isReading = state.withLock { state in
      state.isParked = !state.isReading
      return state.isReading
    }
    guard isReading else { return handle(.sourceWaits) }
    let result: Result<[UInt8], SystemError>
    do throws(SystemError) { result = .success(try source.readSome(upTo: 64 << 10)) } catch {
      // Another process has emptied a nonblocking descriptor.
      if error.code == .wouldBlock { return }
      result = .failure(error)
    }
    let isEnd = (try? result.get().isEmpty) ?? true
    state.withLock { if readsOnDemand { $0.isReading = false } else if isEnd { $0.isSourceOpen = false } }
    handle(.received(result))
  }

  private func writeSink(_ handle: (Event) -> Void) {
    // A terminal may block: not under the lock, which `close` needs.
    let bytes = state.withLock(\.outgoing)
    var (count, failure) = (bytes.count, SystemError?.none)
    do throws(SystemError) { count = try sink.writeReady(bytes, kind) } catch { failure = error }
    let isDone = state.withLock { state in
      state.outgoing = failure == nil ? state.outgoing.dropFirst(count) : []
      return state.outgoing.isEmpty
    }
    if isDone { handle(.written(failure)) }
  }
}
