import Foundation
import JSON
import ProcessTesting
import Testing

/// A stand-in for the inbox socket of a Claude Code session: a real Unix socket.
final class StandInInbox: Sendable {
  /// What one connection brought.
  struct Post: Sendable {
    let at: ContinuousClock.Instant
    let lines: [String]

    var json: [JSON] { lines.compactMap { try? JSON(decoding: $0) } }
    /// What the model is shown.
    var text: String { json.last?["message"]?["content"]?.stringValue ?? "" }
  }

  enum Behaviour: Sendable {
    case reads
    /// Accepts, and closes at once.
    case closes
    /// Accepts, and leaves the bytes where they are.
    case neverReads
    /// Listens with room for nobody, and never accepts.
    case neverAccepts
  }

  static let token = "a-secret-token-3141"

  let path: String
  let posts = Arrivals<Post>()
  private let descriptor: Int32
  /// Its folder goes away with it.
  private let sandbox: Sandbox

  init(_ sandbox: Sandbox, _ behaviour: Behaviour = .reads, name: String = "inbox") throws {
    self.sandbox = sandbox
    path = "\(sandbox.home)/\(name).sock"
    #if canImport(Darwin)
      descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
    #else
      descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    #endif
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
    try #require(bound == 0 && listen(descriptor, behaviour == .neverAccepts ? 0 : 16) == 0)
    guard behaviour != .neverAccepts else { return }
    Thread.detachNewThread { [descriptor, posts] in
      while true {
        let connection = accept(descriptor, nil, nil)
        guard connection >= 0 else {
          // Here and nowhere else: its number must not become another one's while this thread may use it.
          close(descriptor)
          return
        }
        switch behaviour {
        case .closes:
          close(connection)
          Task { await posts.add(Post(at: .now, lines: [])) }
        case .neverReads, .neverAccepts:
          Task { await posts.add(Post(at: .now, lines: [])) }
        case .reads:
          let data = try? FileHandle(fileDescriptor: connection, closeOnDealloc: true).readToEnd()
          let lines = String(decoding: data ?? Data(), as: UTF8.self).split(separator: "\n").map(String.init)
          Task { await posts.add(Post(at: .now, lines: lines)) }
        }
      }
    }
  }

  deinit { shutdown(descriptor, Int32(SHUT_RDWR)) }

  /// What Claude Code gives to the servers that it starts.
  var environment: [String: String] { Self.environment(path) }

  static func environment(_ path: String) -> [String: String] {
    ["CLAUDE_CODE_MESSAGING_SOCKET": path, "CLAUDE_CODE_MESSAGING_TOKEN": token, "ANTHROPIC_API_KEY": "sk-never-logged"]
  }

  /// The next post that holds a text.
  func post(with text: String) async throws -> Post { try await posts.next("a post with \(text)") { $0.text.contains(text) } }
}
