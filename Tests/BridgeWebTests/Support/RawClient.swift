import Foundation
import ProcessTesting
import SystemSupport

/// A connection that may say what no browser says.
final class RawClient: Sendable {
  private static let patience = Duration.seconds(60)
  private let socket: FileDescriptor

  init(_ port: Int) throws { socket = try .connect(to: UInt16(port)) }

  deinit { try? socket.close() }

  func send(_ text: String) throws { try socket.writeCompletely(Array(text.utf8)) }

  /// Ends what this side says.
  func finish() { shutdown(socket.rawValue, Int32(SHUT_WR)) }

  /// The next bytes; none at the end.
  private func next() async throws -> [UInt8] {
    let result = await SystemThread.run { [socket] () -> Result<[UInt8], any Error> in
      var poll = PollSet()
      poll.add(socket)
      guard poll.wait(for: Self.patience) else { return .failure(TestingError("Nothing came.")) }
      // A reset is an end as well.
      return .success((try? socket.readSome(upTo: 64 << 10)) ?? [])
    }
    return try result.get()
  }

  /// All that comes until the server closes the connection.
  func rest() async throws -> String {
    var bytes: [UInt8] = []
    while case let more = try await next(), !more.isEmpty { bytes += more }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// What comes up to a text and a little more.
  func text(to end: String) async throws -> String {
    var bytes: [UInt8] = []
    while true {
      let more = try await next()
      bytes += more
      let text = String(decoding: bytes, as: UTF8.self)
      if text.contains(end) { return text }
      if more.isEmpty { throw TestingError("\"\(end)\" never came: \(text)") }
    }
  }
}

/// The head and the body of an answer.
struct RawResponse {
  let status: Int
  /// By names in lower case.
  let headers: [String: String]
  let body: String

  init(_ text: String) throws {
    guard let end = text.range(of: "\r\n\r\n") else { throw TestingError("No answer: \(text)") }
    let lines = text[..<end.lowerBound].split(separator: "\r\n")
    guard let status = lines[0].split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else { throw TestingError("\(lines[0])") }
    self.status = status
    headers = Dictionary(
      lines.dropFirst().map { line in
        let parts = line.split(separator: ": ", maxSplits: 1)
        return (parts[0].lowercased(), parts.count > 1 ? String(parts[1]) : "")
      }
    ) { $0 + ", " + $1 }
    body = String(text[end.upperBound...])
  }
}
