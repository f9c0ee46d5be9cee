import Foundation
import ProcessTesting
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
    let input = try Descriptors.makePipe()
    let output = try Descriptors.makePipe()
    let errors = Descriptors.make { open(errors, O_WRONLY | O_CREAT | O_APPEND, 0o600) }
    defer { for end in [input.read, output.write, errors] { close(end) } }
    // The shell gives its place to the program.
    let command = folder.map { ["/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", $0] + command } ?? command
    pid = try Spawn.start(command, environment: environment, standard: [input.read, output.write, errors])
    self.input = input.write
    self.output = output.read
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
        status: ExitStatus(status).code,
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
