import Foundation
import Synchronization

/// How a process ended.
enum ExitStatus: Hashable, Sendable {
  case exited(Int32)
  case signalled(Int32)
}

/// A child process with its standard input and output in our hands.
final class Child: Sendable {
  let pid: pid_t
  let input: Int32
  /// Whoever reads it closes it.
  let output: Int32
  private let isInputOpen = Mutex(true)
  private let ended = Event<ExitStatus>()

  /// - Parameters:
  ///   - command: looked for in PATH.
  ///   - environment: all of it; nothing is inherited.
  ///   - standardError: the file that it goes to; nil for this process's own.
  init(_ command: [String], environment: [String: String], wiring: Wiring = .pipes, standardError: URL?) throws {
    let (input, output) = try wiring.make()
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
      var attributes: posix_spawnattr_t?
    #else
      var actions = posix_spawn_file_actions_t()
      var attributes = posix_spawnattr_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    posix_spawn_file_actions_adddup2(&actions, input.server, 0)
    posix_spawn_file_actions_adddup2(&actions, output.server, 1)
    if let standardError { posix_spawn_file_actions_addopen(&actions, 2, standardError.path, O_WRONLY | O_CREAT | O_APPEND, 0o600) }
    // A client's own choice of signals must not be handed down.
    var signals = sigset_t()
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF) | Int16(POSIX_SPAWN_SETSIGMASK))
    var arguments = command.map { strdup($0) } + [nil]
    var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in arguments + variables { free(text) } }
    var pid: pid_t = 0
    let status = posix_spawnp(&pid, command[0], &actions, &attributes, &arguments, &variables)
    close(input.server)
    close(output.server)
    guard status == 0 else { throw Failure("\(command[0]) cannot be started: \(String(cString: strerror(status)))") }
    self.pid = pid
    self.input = input.client
    self.output = output.client
    let child = pid
    Thread.detachNewThread { [ended] in
      var status: Int32 = 0
      while waitpid(child, &status, 0) < 0, errno == EINTR {}
      ended.fulfil(status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .signalled(status & 0x7F))
    }
  }

  deinit {
    signal(SIGKILL)
    closeInput()
  }

  func closeInput() {
    isInputOpen.withLock { isOpen in
      if isOpen { close(input) }
      isOpen = false
    }
  }

  /// Sends a signal, unless the process has ended.
  func signal(_ number: Int32) {
    if !ended.hasHappened { Foundation.kill(pid, number) }
  }

  /// How it ended, once it has.
  func exit(within deadline: Duration = .seconds(20)) async throws -> ExitStatus {
    try await ended.value(within: deadline, "the end of process \(pid)")
  }

  /// Closes its input and returns all that it prints.
  func allOutput() async throws -> String {
    closeInput()
    let text = Event<String>()
    Thread.detachNewThread { [output] in
      var bytes = [UInt8]()
      var buffer = [UInt8](repeating: 0, count: 65536)
      while true {
        let count = read(output, &buffer, buffer.count)
        if count > 0 { bytes += buffer[..<count] } else if count == 0 || errno != EINTR { break }
      }
      close(output)
      text.fulfil(String(decoding: bytes, as: UTF8.self))
    }
    return try await text.value("the output of process \(pid)")
  }
}
