import Synchronization
import SystemSupport

/// The bytes of a connection, carried by a thread of its own. It reads and writes only what cannot block, so it can be closed at any time.
final class Wire: Sendable {
  private struct State {
    var outgoing: [UInt8] = []
    var isInputOpen = true
    var isOutputOpen = true
    /// The input is closed once all is written.
    var isInputEnding = false
    /// Set when something can be read that is left unread.
    var pause: Once<Bool>?
  }

  private let input: FileDescriptor
  private let output: FileDescriptor
  private let inputKind: FileDescriptor.Kind
  private let pipe: WakePipe
  private let state = Mutex(State())

  /// - Parameters:
  ///   - input: where the other side reads.
  ///   - output: where the other side writes.
  init(input: FileDescriptor, output: FileDescriptor) throws(SystemError) {
    self.input = input
    self.output = output
    inputKind = input.kind
    pipe = try WakePipe()
    FileDescriptor.ignoreBrokenPipes()
    input.makeNonblocking()
  }

  /// - Parameters:
  ///   - received: is called on the thread.
  ///   - ended: is called when the output is at its end or closed.
  func start(received: @escaping @Sendable ([UInt8]) -> Void, ended: @escaping @Sendable () -> Void) throws(SystemError) {
    try SystemThread.start(stackSize: SystemThread.largeStack) { self.run(received, ended) }
  }

  /// Writes at once what fits, which spares most messages a change of threads.
  func send(_ bytes: [UInt8]) {
    let remains = state.withLock { state in
      guard state.isInputOpen, !state.isInputEnding else { return false }
      state.outgoing += bytes
      flush(&state)
      return !state.outgoing.isEmpty
    }
    if remains { pipe.wake() }
  }

  func closeInput() { change { $0.isInputEnding = true } }

  func closeOutput() { change { $0.isOutputOpen = false } }

  func close() {
    change {
      $0.outgoing = []
      $0.isInputEnding = true
      $0.isOutputOpen = false
    }
  }

  func pause() -> Once<Bool> {
    let arrival = Once<Bool>()
    change { $0.pause = arrival }
    return arrival
  }

  func resume() { change { $0.pause = nil } }

  private func change(_ body: (inout State) -> Void) {
    state.withLock { body(&$0) }
    pipe.wake()
  }

  private func run(_ received: ([UInt8]) -> Void, _ ended: () -> Void) {
    var poll = PollSet()
    var hasEnded = false
    while true {
      let (isInputOpen, hasOutgoing, isOutputOpen, pause) = state.withLock { state in
        if state.isInputEnding, state.outgoing.isEmpty, state.isInputOpen {
          state.isInputOpen = false
          try? input.close()
        }
        return (state.isInputOpen, !state.outgoing.isEmpty, state.isOutputOpen, state.pause)
      }
      if !isOutputOpen, !hasEnded {
        hasEnded = true
        try? output.close()
        ended()
      }
      if hasEnded, !isInputOpen { return }
      poll.removeAll()
      poll.add(pipe.descriptor)
      poll.add(isOutputOpen && pause?.value == nil ? output : nil)
      poll.add(hasOutgoing ? input : nil, .writable)
      poll.wait(for: nil)
      if poll.isReady(0) { pipe.drain() }
      if poll.isReady(2) { state.withLock { flush(&$0) } }
      if poll.isReady(1) { readSome(received) }
    }
  }

  private func readSome(_ received: ([UInt8]) -> Void) {
    if let pause = state.withLock(\.pause) {
      pause.set(true)
    } else if let bytes = try? output.readSome(upTo: 64 << 10), !bytes.isEmpty {
      received(bytes)
    } else {
      state.withLock { $0.isOutputOpen = false }
    }
  }

  /// Drops what the other side can no longer read.
  private func flush(_ state: inout State) {
    guard state.isInputOpen else { return }
    while !state.outgoing.isEmpty {
      guard let count = try? input.writeReady(state.outgoing[...], inputKind) else {
        state.outgoing = []
        return
      }
      if count == 0 { return }
      state.outgoing.removeFirst(count)
    }
  }
}
