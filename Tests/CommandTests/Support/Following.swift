import Foundation
import ProcessTesting
import Synchronization
import Testing

/// A command that keeps printing, and its lines.
final class Following: Sendable {
  let process: Running
  private let pipe: TestPipe
  private let lines: AsyncStream<String>
  private let isOver = Mutex(false)

  /// - Parameter withErrors: whether standard error is included.
  init(_ sandbox: Sandbox, _ arguments: [String], withErrors: Bool = false, environment: [String: String] = [:]) throws {
    pipe = try TestPipe()
    process = try sandbox.start(
      Program.path, arguments, output: pipe.writing, error: withErrors ? pipe.writing : nil, environment: environment)
    // From now on only the child holds that end.
    try pipe.writing.close()
    let (lines, continuation) = AsyncStream.makeStream(of: String.self)
    self.lines = lines
    let reading = pipe.reading
    Thread.detachNewThread {
      var rest = [UInt8]()
      var buffer = [UInt8](repeating: 0, count: 4096)
      while true {
        let count = read(reading, &buffer, buffer.count)
        if count <= 0 { break }
        rest += buffer.prefix(count)
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
          continuation.yield(String(decoding: rest[..<end], as: UTF8.self))
          rest.removeSubrange(...end)
        }
      }
      continuation.finish()
    }
  }

  deinit { kill() }

  /// Only while it lives: its pid may be reused afterwards.
  private func kill() {
    isOver.withLock { isOver in
      if !isOver { _ = Foundation.kill(process.pid, SIGKILL) }
      isOver = true
    }
  }

  /// All lines up to one that holds a text, which must come.
  @discardableResult
  func lines(to text: String) async throws -> [String] {
    var found = [String]()
    let limit = Task {
      guard (try? await Task.sleep(for: .seconds(60))) != nil else { return }
      kill()
    }
    defer { limit.cancel() }
    for await line in lines {
      found.append(line)
      if line.contains(text) { return found }
    }
    throw TestingError("\"\(text)\" never came: \(found)")
  }

  /// The lines until the command ends, and how it ends.
  func end(by signal: Int32) async throws -> (lines: [String], outcome: Outcome) {
    _ = Foundation.kill(process.pid, signal)
    let outcome = try await process.outcome
    isOver.withLock { $0 = true }
    var rest = [String]()
    for await line in lines { rest.append(line) }
    return (rest, outcome)
  }
}
