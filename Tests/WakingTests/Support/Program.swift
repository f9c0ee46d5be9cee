import Foundation
import Synchronization

/// A process of the built program, or of another one.
final class Program: Sendable {
  struct End: Sendable {
    /// 128 and the signal's number where one ended it.
    let status: Int32
    /// Processor time, in milliseconds.
    let processor: Double
  }

  let pid: pid_t
  /// What it reads from, and what it writes to. Whoever uses them closes them.
  let input: Int32
  let output: Int32
  private let ended = Arrivals<End>()
  private let life: Life

  /// Nobody is signalled whose number may belong to another process already.
  private final class Life: Sendable {
    let hasEnded = Mutex(false)
  }

  /// The built program, beside the test bundle.
  static let path: String = {
    var folder = Bundle.main.bundleURL
    for bundle in Bundle.allBundles where bundle.bundlePath.hasSuffix(".xctest") { folder = bundle.bundleURL.deletingLastPathComponent() }
    return folder.appending(path: "cowork-code-mcp-server").path
  }()

  /// - Parameters:
  ///   - environment: all of it.
  ///   - folder: where it runs; nil for where this process does.
  ///   - errors: the file that standard error goes to.
  init(_ command: [String], environment: [String: String], folder: String?, errors: String) throws {
    var input: [Int32] = [0, 0]
    var output: [Int32] = [0, 0]
    guard pipe(&input) == 0, pipe(&output) == 0 else { throw Failure("no pipes") }
    for end in input + output { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
    #else
      var actions = posix_spawn_file_actions_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input[0], 0)
    posix_spawn_file_actions_adddup2(&actions, output[1], 1)
    posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    // The shell gives its place to the program.
    let command = folder.map { ["/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", $0] + command } ?? command
    var arguments = command.map { strdup($0) } + [nil]
    var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in arguments + variables { free(text) } }
    var pid: pid_t = 0
    let status = posix_spawnp(&pid, command[0], &actions, nil, &arguments, &variables)
    close(input[0])
    close(output[1])
    guard status == 0 else { throw Failure("\(command[0]) cannot be started: \(String(cString: strerror(status)))") }
    self.pid = pid
    self.input = input[1]
    self.output = output[0]
    let child = pid
    let life = Life()
    self.life = life
    Thread.detachNewThread { [ended] in
      var status: Int32 = 0
      var usage = rusage()
      var information = siginfo_t()
      while waitid(P_PID, id_t(child), &information, WEXITED | WNOWAIT) < 0, errno == EINTR {}
      life.hasEnded.withLock { $0 = true }
      while wait4(child, &status, 0, &usage) < 0, errno == EINTR {}
      func milliseconds(_ time: timeval) -> Double { Double(time.tv_sec) * 1000 + Double(time.tv_usec) / 1000 }
      let end = End(
        status: status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + (status & 0x7F),
        processor: milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime))
      Task { await ended.add(end) }
    }
  }

  /// No test leaves a process behind.
  deinit { send(SIGKILL) }

  func send(_ signal: Int32) { life.hasEnded.withLock { if !$0 { _ = kill(pid, signal) } } }

  /// How it ended, once it has. To be asked once.
  func end() async throws -> End { try await ended.next("the end of a process") }
}
