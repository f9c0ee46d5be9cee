import Foundation

/// Runs programs to their end.
public enum Command {
  /// It ended with another status than 0.
  public struct Failure: Error {
    public let status: Int32
    public let output: String
  }

  /// Waiting for programs blocks: not on the cooperative threads, and not on one thread for each.
  private static let queue: OperationQueue = {
    let queue = OperationQueue()
    queue.maxConcurrentOperationCount = 4
    return queue
  }()

  /// Runs a program without input.
  ///
  /// - Returns: its output.
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
