import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A program that a test runs: its errors come with its output.
///
/// Not Foundation's `Process`, whose `run()` on Linux counts the open descriptors and then copies them: it crashes now and then when other
/// threads open files in between.
public final class ChildProcess: Sendable {
  public let pid: Int32
  private let input: FileHandle
  private let output: FileHandle

  /// Starts a program that is looked for in PATH.
  ///
  /// - Parameter environment: what differs from this process's own.
  public init(_ name: String, _ arguments: [String], environment: [String: String] = [:]) throws {
    let (childInput, input) = try Self.makeChannel()
    let (childOutput, output) = try Self.makeChannel()
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
    #else
      var actions = posix_spawn_file_actions_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, childInput.fileDescriptor, 0)
    for descriptor in [1, 2] as [Int32] {
      posix_spawn_file_actions_adddup2(&actions, childOutput.fileDescriptor, descriptor)
    }
    let whole = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }.map { "\($0.key)=\($0.value)" }
    var words = ([name] + arguments).map { strdup($0) } + [nil]
    var variables = whole.map { strdup($0) } + [nil]
    defer { for text in words + variables { free(text) } }
    var pid: pid_t = 0
    let error = posix_spawnp(&pid, name, &actions, nil, &words, &variables)
    guard error == 0 else {
      throw Command.Failure(status: error, output: "\(name) cannot be started: \(String(cString: strerror(error)))")
    }
    try childInput.close()
    try childOutput.close()
    (self.pid, self.input, self.output) = (pid, input, output)
  }

  /// The child's end and ours. From the beginning no other child inherits them, as it would those of Foundation's `Pipe`: whoever holds the
  /// other end open keeps a reader waiting.
  private static func makeChannel() throws -> (FileHandle, FileHandle) {
    var ends: [Int32] = [0, 0]
    #if canImport(Glibc)
      let result = socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends)
    #elseif canImport(Musl)
      let result = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, &ends)
    #else
      let result = socketpair(AF_UNIX, SOCK_STREAM, 0, &ends)
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    #endif
    guard result == 0 else { throw Command.Failure(status: errno, output: "There are no descriptors left.") }
    return (FileHandle(fileDescriptor: ends[0], closeOnDealloc: true), FileHandle(fileDescriptor: ends[1], closeOnDealloc: true))
  }

  /// Writes to its standard input.
  public func write(_ text: String) { input.write(Data(text.utf8)) }

  /// What it has written since the last time; blocks until there is something. Empty at its end.
  public func read() -> String { String(decoding: output.availableData, as: UTF8.self) }

  /// Ends its standard input, and blocks until it has ended. To be called once.
  ///
  /// - Returns: its exit status, or the signal's number and 128; and the rest of its output.
  public func finish() -> (status: Int32, output: String) {
    try? input.close()
    let text = output.readDataToEndOfFile()
    try? output.close()
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    let code = status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
    return (code, String(decoding: text, as: UTF8.self))
  }
}
