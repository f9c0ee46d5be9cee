import ProcessTesting

/// How a client is connected to a server's standard input and output.
enum Wiring: String, CaseIterable, Sendable {
  case pipes
  /// As Claude Code does it.
  case sockets

  /// The ends of the client and of the server, for each direction.
  func make() throws -> (input: (client: Int32, server: Int32), output: (client: Int32, server: Int32)) {
    let (input, output) = (try ends(), try ends())
    return ((input.1, input.0), output)
  }

  /// The first can be read, the second written.
  private func ends() throws -> (Int32, Int32) {
    switch self {
    case .pipes: try Descriptors.makePipe()
    case .sockets: try Descriptors.makeSocketPair()
    }
  }
}

struct Failure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
