import Foundation
import Synchronization

/// Signals that the process handles itself.
///
/// Not Dispatch's signal sources: they want the signal ignored before they listen, and one that arrives in between is lost.
public enum Signals {
  /// Those that ask a process to end.
  public static let ending = [SIGINT, SIGTERM, SIGHUP]

  private static let handlers = Mutex<[Int32: @Sendable (Int32) -> Void]>([:])
  /// Where the handler writes the numbers of signals; negative until something is handled.
  private static let numbers = Atomic<Int32>(-1)

  /// Calls a function with each of these signals from now on, on a thread of its own. The signals no longer end the process.
  ///
  /// A later call for the same signal takes the place of an earlier one. A SIGHUP that is ignored, as nohup(1) has it, stays ignored.
  public static func handle(_ signals: [Int32] = ending, _ body: @escaping @Sendable (Int32) -> Void) throws(SystemError) {
    try handlers.withLock { handlers throws(SystemError) in
      if numbers.load(ordering: .relaxed) < 0 { try start() }
      for number in signals { handlers[number] = body }
    }
    for number in signals where number != SIGHUP || !isHangUpIgnored { signal(number, receive) }
  }

  private static var isHangUpIgnored: Bool {
    var action = sigaction()
    sigaction(SIGHUP, nil, &action)
    #if canImport(Darwin)
      let handler = action.__sigaction_u.__sa_handler
    #else
      let handler = action.__sigaction_handler.sa_handler
    #endif
    return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  private static func start() throws(SystemError) {
    let (reading, writing) = try FileDescriptor.makePipe()
    writing.makeNonblocking()
    try SystemThread.start(stackSize: SystemThread.largeStack) {
      while let bytes = try? reading.readSome(upTo: 64) {
        for number in bytes.map(Int32.init) { handlers.withLock { $0[number] }?(number) }
      }
    }
    numbers.store(writing.rawValue, ordering: .releasing)
  }

  /// Only what signal-safety(7) allows.
  private static let receive: @convention(c) (Int32) -> Void = { number in
    let code = errno
    var byte = UInt8(truncatingIfNeeded: number)
    _ = write(numbers.load(ordering: .acquiring), &byte, 1)
    errno = code
  }
}
