import Foundation
import SystemSupport

/// A program that a test talks to; standard error is merged into its output.
public final class TestProgram: Sendable {
  private let child: ChildProcess
  private let input: FileDescriptor
  private let output: FileDescriptor

  public var pid: Int32 { child.pid }

  /// Starts a program that is found by PATH.
  ///
  /// - Parameter environment: what differs from this process's own.
  public init(_ name: String, _ arguments: [String], environment: [String: String] = [:]) throws {
    let (input, output) = (try FileDescriptor.makePipe(), try FileDescriptor.makePipe())
    defer { for end in [input.reading, output.writing] { try? end.close() } }
    self.input = input.writing
    self.output = output.reading
    child = try ChildProcess(
      [name] + arguments, environment: ProcessInfo.processInfo.environment.merging(environment) { _, new in new },
      input: .descriptor(input.reading), output: .descriptor(output.writing), errors: .descriptor(output.writing))
  }

  public func write(_ text: String) { try? input.writeCompletely(text.utf8) }

  /// Its output since the last call; blocks until there is some. Empty at the end.
  public func read() -> String { String(decoding: (try? output.readSome(upTo: 64 << 10)) ?? [], as: UTF8.self) }

  /// Ends its standard input, and blocks until it has ended. To be called once.
  ///
  /// - Returns: its exit status, or the signal's number and 128; and the rest of its output.
  public func finish() -> (status: Int32, output: String) {
    try? input.close()
    let text = (try? output.readToEnd()) ?? []
    try? output.close()
    return (child.wait().code, String(decoding: text, as: UTF8.self))
  }
}

/// Runs programs to their end.
public enum Command {
  /// It ended with another status than 0.
  struct Failure: Error {
    let status: Int32
    let output: String
  }

  /// Waiting for programs blocks: not on the cooperative threads, and not on one thread for each.
  private static let queue: OperationQueue = {
    let queue = OperationQueue()
    queue.maxConcurrentOperationCount = 4
    return queue
  }()

  /// The output of a program without input.
  @discardableResult public static func run(
    _ name: String, _ arguments: [String], environment: [String: String] = [:]
  ) async throws -> String {
    try await withCheckedThrowingContinuation { continuation in
      queue.addOperation {
        continuation.resume(
          with: Result {
            let (status, output) = try TestProgram(name, arguments, environment: environment).finish()
            guard status == 0 else { throw Failure(status: status, output: output) }
            return output
          })
      }
    }
  }
}
