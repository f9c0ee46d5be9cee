import JSON
import SystemSupport

/// The inbox of the Claude Code session that started this process: two JSON lines to a Unix socket wake it when it is idle.
///
/// There is no answer. The form of the second line is undocumented, so failure is normal.
public struct InboxSocket: Sendable {
  enum Outcome: Hashable, Sendable {
    /// The operating system accepted all of it.
    case posted
    /// Nothing that the session would act on was sent, since it ignores an incomplete line; the text says why.
    case failed(String)
  }

  private let path: String
  private let token: String
  /// The deadline for connecting and writing.
  private let patience: Duration

  public init(path: String, token: String, patience: Duration = .seconds(1)) {
    self.path = path
    self.token = token
    self.patience = patience
  }

  /// The socket that Claude Code names to the processes that it starts; nil if it named none.
  public init?(environment: [String: String]) {
    guard let path = environment["CLAUDE_CODE_MESSAGING_SOCKET"], let token = environment["CLAUDE_CODE_MESSAGING_TOKEN"],
      !path.isEmpty, !token.isEmpty
    else { return nil }
    self.init(path: path, token: token)
  }

  func post(_ text: String) async -> Outcome { await SystemThread.run { postBlocking(text) } }

  /// Two lines.
  func lines(_ text: String) -> [UInt8] {
    let auth: JSON = ["type": "auth", "token": .string(token)]
    let user: JSON = ["type": "user", "message": ["role": "user", "content": .string(text)]]
    return auth.encoded() + [UInt8(ascii: "\n")] + user.encoded() + [UInt8(ascii: "\n")]
  }

  private func postBlocking(_ text: String) -> Outcome {
    let deadline = ContinuousClock.now + patience
    var remaining = lines(text)[...]
    do throws(SystemError) {
      let socket = try FileDescriptor.connect(toSocketAt: path, by: deadline)
      defer { try? socket.close() }
      while !remaining.isEmpty {
        let count = try socket.writeReady(remaining, .socket)
        remaining = remaining.dropFirst(count)
        guard count == 0 else { continue }
        var poll = PollSet()
        poll.add(socket, .writable)
        if !poll.wait(for: ContinuousClock.now.duration(to: deadline)), ContinuousClock.now >= deadline {
          return .failed("the reader takes nothing in time")
        }
      }
      return .posted
    } catch { return .failed("\(error)") }
  }
}

/// Hides the token.
extension InboxSocket: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "the inbox socket \(path)" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: ["path": path]) }
}
