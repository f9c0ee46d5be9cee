import Foundation
import SystemSupport

/// A program that a test talks to.
public final class TestProgram: Sendable {
  private let child: ChildProcess

  public var pid: Int32 { child.pid }

  /// Starts a program that is found by PATH.
  public init(_ name: String, _ arguments: [String]) throws {
    child = try ChildProcess([name] + arguments, environment: ProcessInfo.processInfo.environment, input: .pipe, output: .pipe)
  }

  public func write(_ text: String) { try? child.input?.writeCompletely(text.utf8) }

  /// Its output since the last call; blocks until there is some. Empty at the end.
  public func read() -> String { String(decoding: (try? child.output?.readSome(upTo: 64 << 10)) ?? [], as: UTF8.self) }

  /// Ends its standard input, and blocks until it has ended. To be called once.
  @discardableResult
  public func finish() -> TerminationStatus {
    try? child.input?.close()
    _ = try? child.output?.readToEnd()
    try? child.output?.close()
    return child.wait()
  }
}
