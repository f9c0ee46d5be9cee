import Foundation

/// How a client is connected to a server's standard input and output.
enum Wiring: String, CaseIterable, Sendable {
  case pipes
  /// As Claude Code does it.
  case sockets

  /// The ends of the client and of the server, for each direction.
  func make() throws -> (input: (client: Int32, server: Int32), output: (client: Int32, server: Int32)) {
    let (input, output) = (try ends(), try ends())
    return ((input[1], input[0]), (output[0], output[1]))
  }

  private func ends() throws -> [Int32] {
    var ends: [Int32] = [-1, -1]
    #if canImport(Darwin)
      let stream = SOCK_STREAM
    #else
      let stream = Int32(SOCK_STREAM.rawValue)
    #endif
    let status = self == .pipes ? pipe(&ends) : socketpair(AF_UNIX, stream, 0, &ends)
    guard status == 0 else { throw Failure("no \(self): \(String(cString: strerror(errno)))") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return ends
  }
}

struct Failure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
