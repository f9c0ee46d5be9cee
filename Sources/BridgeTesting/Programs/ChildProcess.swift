import Foundation
import ProcessTesting

/// A program that a test runs; standard error is merged into its output.
public final class ChildProcess: Sendable {
  public let pid: Int32
  private let input: FileHandle
  private let output: FileHandle

  /// Starts a program that is found by PATH.
  ///
  /// - Parameter environment: what differs from this process's own.
  public init(_ name: String, _ arguments: [String], environment: [String: String] = [:]) throws {
    let (input, output) = (try Descriptors.makeSocketPair(), try Descriptors.makeSocketPair())
    let variables = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
    defer { for end in [input.0, output.0] { close(end) } }
    self.input = FileHandle(fileDescriptor: input.1, closeOnDealloc: true)
    self.output = FileHandle(fileDescriptor: output.1, closeOnDealloc: true)
    pid = try Spawn.start([name] + arguments, environment: variables, standard: [input.0, output.0, output.0])
  }

  /// Writes to its standard input.
  public func write(_ text: String) { input.write(Data(text.utf8)) }

  /// Its output since the last call; blocks until there is some. Empty at the end.
  public func read() -> String { String(decoding: output.availableData, as: UTF8.self) }

  /// Ends its standard input, and blocks until it has ended. To be called once.
  ///
  /// - Returns: its exit status, or the signal's number and 128; and the rest of its output.
  public func finish() -> (status: Int32, output: String) {
    try? input.close()
    let text = output.readDataToEndOfFile()
    try? output.close()
    return (Spawn.wait(for: pid).code, String(decoding: text, as: UTF8.self))
  }
}
