import Dispatch
import Foundation
import JSON
import MCP

/// The inbox of the Claude Code session that started this process: two JSON lines to a Unix socket wake it when it is idle.
///
/// There is no answer. The form of the second line is undocumented, so failure is normal.
public struct InboxSocket: Sendable {
  enum Outcome: Hashable, Sendable {
    /// The operating system accepted all of it.
    case posted
    /// Nothing that the session would act on was sent; the text says why.
    case failed(String)
    /// Whether it arrived is unknown; the text says why.
    case unknown(String)
  }

  private let path: String
  private let token: String
  /// The deadline for connecting and writing.
  private let patience: Duration
  /// Posting blocks up to the deadline, so it runs here.
  private static let queue = DispatchQueue(label: "cowork-bridge.inbox-socket")

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

  func post(_ text: String) async -> Outcome {
    await withCheckedContinuation { continuation in
      Self.queue.async { continuation.resume(returning: postBlocking(text)) }
    }
  }

  /// The two lines.
  func lines(_ text: String) -> (auth: [UInt8], user: [UInt8]) {
    let auth: JSON = ["type": "auth", "token": .string(token)]
    let user: JSON = ["type": "user", "message": ["role": "user", "content": .string(text)]]
    return (auth.encoded() + [UInt8(ascii: "\n")], user.encoded() + [UInt8(ascii: "\n")])
  }

  private func postBlocking(_ text: String) -> Outcome {
    let deadline = ContinuousClock.now + patience
    guard let descriptor = connected(by: deadline) else { return .failed("connect: \(String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    let (auth, user) = lines(text)
    let bytes = auth + user
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Self.sendFlags) }
      if count >= 0 {
        sent += count
      } else if errno == EAGAIN || errno == EWOULDBLOCK {
        guard isWritable(descriptor, by: deadline) else { return outcome(sent, auth.count, "it takes nothing in time") }
      } else if errno != EINTR {
        return outcome(sent, auth.count, String(cString: strerror(errno)))
      }
    }
    // Signals the end to the reader; sent data stays readable.
    shutdown(descriptor, Int32(SHUT_WR))
    return .posted
  }

  /// The session ignores an incomplete line, but another listener may have read what was sent.
  private func outcome(_ sent: Int, _ auth: Int, _ why: String) -> Outcome {
    sent <= auth ? .failed("send: \(why)") : .unknown("send: \(why)")
  }

  private func connected(by deadline: ContinuousClock.Instant) -> Int32? {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let name = Array(path.utf8) + [0]
    guard name.count <= MemoryLayout.size(ofValue: address.sun_path) else {
      errno = ENAMETOOLONG
      return nil
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
    let descriptor = socket(AF_UNIX, Self.streamType, 0)
    guard descriptor >= 0 else { return nil }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    #if canImport(Darwin)
      var on: Int32 = 1
      setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
    #endif
    while true {
      let result = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
      if result == 0 || errno == EISCONN { return descriptor }
      // A full backlog cannot be polled.
      let isFull = errno == EAGAIN || errno == EINPROGRESS || errno == EALREADY || errno == EINTR
      guard isFull, ContinuousClock.now < deadline else {
        let why = errno
        close(descriptor)
        errno = why
        return nil
      }
      usleep(10_000)
    }
  }

  private func isWritable(_ descriptor: Int32, by deadline: ContinuousClock.Instant) -> Bool {
    let left = ContinuousClock.now.duration(to: deadline)
    let milliseconds = left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000
    guard milliseconds > 0 else { return false }
    var polled = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    return poll(&polled, 1, Int32(milliseconds)) > 0
  }

  #if canImport(Darwin)
    private static let streamType = SOCK_STREAM
    private static let sendFlags: Int32 = 0
  #else
    #if canImport(Musl)
      private static let streamType = SOCK_STREAM
    #else
      private static let streamType = Int32(SOCK_STREAM.rawValue)
    #endif
    private static let sendFlags = Int32(MSG_NOSIGNAL)
  #endif
}

/// Hides the token.
extension InboxSocket: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "the inbox socket \(path)" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: ["path": path]) }
}
