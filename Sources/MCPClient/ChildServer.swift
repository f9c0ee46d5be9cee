import JSON
import SystemSupport

/// The client of a server that runs as a child of this process. The server is killed with the last reference to it.
public final class ChildServer: Client, @unchecked Sendable {
  /// What the server's standard input and output are.
  public enum Wiring: String, CaseIterable, Sendable {
    case pipes
    /// As Claude Code starts servers.
    case sockets
  }

  public let child: ChildProcess
  private let end = Once<TerminationStatus>()

  public var pid: Int32 { child.pid }

  /// Starts a server. ``Client/connect()`` opens the session.
  ///
  /// - Parameters:
  ///   - command: the first word is looked for in PATH.
  ///   - environment: all of it; nothing is inherited.
  public init(
    _ command: [String], environment: [String: String], errors: ChildProcess.Stream = .inherited, wiring: Wiring = .pipes,
    settings: Client.Settings = Client.Settings()
  ) throws(ClientError) {
    let child: ChildProcess
    let ends: (input: FileDescriptor, output: FileDescriptor)
    do throws(SystemError) {
      let (input, output) = (try wiring.makeEnds(), try wiring.makeEnds())
      defer { for end in [input.reading, output.writing] { try? end.close() } }
      ends = (input.writing, output.reading)
      do throws(SystemError) {
        child = try ChildProcess(
          command, environment: environment, input: .descriptor(input.reading), output: .descriptor(output.writing), errors: errors)
      } catch {
        for end in [ends.input, ends.output] { try? end.close() }
        throw error
      }
    } catch { throw .cannotStart("\(command.first ?? "") cannot be started: \(error.code)") }
    self.child = child
    try super.init(input: ends.input, output: ends.output, settings: settings)
    Task { [end] in end.set(await child.exit()) }
  }

  deinit { child.kill() }

  /// How the server ended, once it has.
  public func status(within patience: Duration? = nil) async throws(ClientError) -> TerminationStatus {
    try await awaited("the end of process \(pid)", within: patience ?? settings.patience, settings.clock) { [end] in
      await end.wait()
    }
  }

  /// Closes the server's input and output, which ends it, and kills it if it takes too long. A cancelled task waits as well.
  public func end(within patience: Duration = .seconds(3)) async -> TerminationStatus {
    close()
    let killer = Task { [child] in
      try await Task.pause(for: patience)
      child.kill()
    }
    defer { killer.cancel() }
    return await child.exit()
  }

  /// Kills the server, and reads all that it wrote.
  @discardableResult
  public func kill() async throws(ClientError) -> TerminationStatus {
    child.kill()
    resumeReading()
    try await ended()
    return try await status()
  }
}

extension ChildServer.Wiring {
  fileprivate func makeEnds() throws(SystemError) -> (reading: FileDescriptor, writing: FileDescriptor) {
    switch self {
    case .pipes: return try FileDescriptor.makePipe()
    case .sockets:
      let (reading, writing) = try FileDescriptor.makeSocketPair()
      return (reading, writing)
    }
  }
}
