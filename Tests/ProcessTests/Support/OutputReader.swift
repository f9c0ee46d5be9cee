import Foundation

/// Reads the lines of a descriptor on a thread of its own, and closes it at the end. It can be told to leave what comes where it is.
final class OutputReader: Sendable {
  private let state = NSCondition()
  private nonisolated(unsafe) var isPaused = false  // `state` is held
  private nonisolated(unsafe) var isClosing = false  // `state` is held
  private nonisolated(unsafe) var arrival = Event<Void>()  // `state` is held
  private let descriptor: Int32
  private let wakeUp: (reader: Int32, writer: Int32)

  init(_ descriptor: Int32) throws {
    self.descriptor = descriptor
    let pipe = try Wiring.pipes.make()
    close(pipe.input.client)
    close(pipe.input.server)
    wakeUp = (pipe.output.client, pipe.output.server)
  }

  /// - Parameters:
  ///   - line: called for each line, in order.
  ///   - end: called at the end of output; a last line without its end is dropped.
  func start(line: @escaping @Sendable ([UInt8]) -> Void, end: @escaping @Sendable () -> Void) {
    Thread.detachNewThread { [self] in
      read(line)
      close(descriptor)
      close(wakeUp.reader)
      end()
    }
  }

  private func read(_ line: ([UInt8]) -> Void) {
    var rest = [UInt8]()
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      var pollers = [
        pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0), pollfd(fd: wakeUp.reader, events: Int16(POLLIN), revents: 0),
      ]
      _ = poll(&pollers, 2, -1)
      guard mayRead() else { return }
      let count = Foundation.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return }
      rest += buffer[..<count]
      var start = 0
      while let newline = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
        line(Array(rest[start..<newline]))
        start = newline + 1
      }
      rest.removeSubrange(..<start)
    }
  }

  /// From now on nothing is read.
  ///
  /// - Returns: what happens when the server has written something nevertheless.
  func pause() -> Event<Void> {
    state.withLock {
      isPaused = true
      arrival = Event()
      return arrival
    }
  }

  func resume() {
    state.withLock {
      isPaused = false
      state.broadcast()
    }
  }

  /// Closes the descriptor, whatever is still to come.
  func stop() {
    state.withLock {
      isClosing = true
      state.broadcast()
    }
    close(wakeUp.writer)
  }

  private func mayRead() -> Bool {
    state.withLock {
      if isPaused, !isClosing { arrival.fulfil(()) }
      while isPaused, !isClosing { state.wait() }
      return !isClosing
    }
  }
}
