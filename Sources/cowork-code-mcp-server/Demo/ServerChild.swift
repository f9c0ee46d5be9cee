import Foundation
import MCP
import SystemSupport

/// A server process of this very program, and the other ends of its standard streams.
actor ServerChild {
  let transport: DescriptorTransport
  let pid: Int32
  /// Kept while it runs.
  private let process: Process
  private let exit: AsyncStream<Int32>

  /// Starts it with nothing of the user's environment that a server heeds.
  init(_ executable: String, _ arguments: [String], home: String) throws {
    try self.init(executable, arguments, environment: ["HOME": home, "PATH": Environment["PATH"] ?? "/usr/bin:/bin"])
  }

  init(_ executable: String, _ arguments: [String], environment: [String: String]) throws {
    let input = try PipeEnds()
    let output = try PipeEnds()
    let (exit, exited) = AsyncStream.makeStream(of: Int32.self)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = arguments
    process.environment = environment
    process.standardInput = FileHandle(fileDescriptor: input.reading, closeOnDealloc: false)
    process.standardOutput = FileHandle(fileDescriptor: output.writing, closeOnDealloc: false)
    process.terminationHandler = { process in
      exited.yield(process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus)
      exited.finish()
    }
    defer {
      close(input.reading)
      close(output.writing)
    }
    do {
      try process.run()
    } catch {
      close(input.writing)
      close(output.reading)
      throw CommandFailure("\(executable) cannot be started: \(error.localizedDescription)")
    }
    pid = process.processIdentifier
    self.process = process
    self.exit = exit
    transport = try DescriptorTransport(
      input: FileDescriptor(rawValue: output.reading), output: FileDescriptor(rawValue: input.writing))
  }

  /// Closes its input, which ends it; kills it where that does not.
  ///
  /// - Returns: its exit status; 128 and the signal's number where one ended it.
  func end(within patience: Duration = .seconds(3)) async -> Int32? {
    transport.close()
    let executioner = Task { [pid] in
      guard (try? await Task.sleep(for: patience)) != nil else { return }
      kill(pid, SIGKILL)
    }
    defer { executioner.cancel() }
    // Not cancelled with the task that waits: a child is never left behind.
    return await Task { [exit] in
      for await status in exit { return status }
      return nil
    }.value
  }
}

/// A pipe that child processes do not inherit, except as their standard streams.
private struct PipeEnds {
  let reading: Int32
  let writing: Int32

  init() throws {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw CommandFailure("No pipe can be made: \(String(cString: strerror(errno))).") }
    (reading, writing) = (ends[0], ends[1])
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
  }
}
