import SystemSupport

/// Runs programs that tests need, each to its end.
public enum Shell {
  /// - Returns: the output. It goes through a file, so that a daemon that keeps it open delays nobody.
  /// - Throws: when the status is not 0, with the output.
  @discardableResult
  public static func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> String {
    let file = try NewFile.temporary(in: "/tmp")
    defer { try? file.close() }
    let child = try start(arguments, environment: environment, input: .null, output: .descriptor(file))
    let status = await child.exit().code
    try file.seek(offset: 0, from: .start)
    let text = String(decoding: try file.readToEnd(), as: UTF8.self)
    guard status == 0 else { throw TestingError("\(arguments.joined(separator: " ")) ended with \(status): \(text)") }
    return text
  }

  fileprivate static func start(
    _ arguments: [String], environment: [String: String] = [:], input: ChildProcess.Stream, output: ChildProcess.Stream
  ) throws(SystemError) -> ChildProcess {
    let variables = [
      "PATH": "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin:/opt/homebrew/bin", "LC_ALL": "C", "HOME": "/tmp",
    ].merging(environment) { $1 }
    return try ChildProcess(arguments, environment: variables, input: input, output: output, errors: output, ownGroup: true)
  }
}

/// A shell that runs a script when this process ends in any way, even killed: it waits for the end of its input, which only we hold.
public struct Watchdog: Sendable {
  private let shell: ChildProcess

  public init(cleanUp script: String) throws(SystemError) {
    shell = try Shell.start(["/bin/sh", "-c", "trap '' INT TERM HUP; cat >/dev/null; \(script)"], input: .pipe, output: .null)
  }

  /// Runs the script now and waits for it. To be called once.
  public func finish() async {
    try? shell.input?.close()
    _ = await shell.exit()
  }
}
