import Foundation
import ProcessTesting
import Synchronization

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
    let errors = standardError.map { file in Descriptors.make { open(file.path, O_WRONLY | O_CREAT | O_APPEND, 0o600) } }
    defer {
      close(input.server)
      close(output.server)
      if let errors { close(errors) }
    }
    pid = try Spawn.start(command, environment: environment, standard: [input.server, output.server, errors ?? STDERR_FILENO])
    self.input = input.client
    self.output = output.client
    Thread.detachNewThread { [pid, ended] in ended.fulfil(Spawn.wait(for: pid)) }
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
