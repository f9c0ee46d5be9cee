import Synchronization

/// One host of a connection string: a name, an address or a socket folder, and its port.
struct Endpoint: Sendable, Hashable, CustomStringConvertible {
  /// Empty means libpq's default.
  var host: String
  /// Empty means: resolve `host`.
  var address: String
  /// Empty means libpq's default.
  var port: String

  /// A folder (`/run/postgresql`) or an abstract socket (`@name`): nothing to resolve.
  var isSocket: Bool { address.isEmpty && (host.isEmpty || host.hasPrefix("/") || host.hasPrefix("@")) }

  var isLocal: Bool {
    let place = address.isEmpty ? host : address
    return isSocket || place == "localhost" || place == "::1" || place.hasPrefix("127.")
  }

  /// `127.0.0.1` or `::1`.
  var isNumeric: Bool {
    host.contains(":")
      || (host.split(separator: ".", omittingEmptySubsequences: false).count == 4 && host.allSatisfy { $0 == "." || $0.isWholeNumber })
  }

  var needsResolving: Bool { !isSocket && address.isEmpty && !isNumeric }

  var shownHost: String { host.isEmpty ? (address.isEmpty ? "local socket" : address) : host }
  var shownPort: String { port.isEmpty ? "5432" : port }
  var description: String { Self.format(host: shownHost, port: shownPort) }

  static func format(host: String, port: String) -> String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

  /// Splits libpq's parallel comma lists (PostgreSQL manual, "Specifying Multiple Hosts"), whose lengths it has checked.
  static func split(host: String, hostaddr: String, port: String) -> [Endpoint] {
    let hosts = list(host)
    let addresses = list(hostaddr)
    let ports = list(port)
    let count = hostaddr.isEmpty ? hosts.count : addresses.count
    return (0..<count).map { index in
      Endpoint(
        host: host.isEmpty ? "" : hosts[index], address: hostaddr.isEmpty ? "" : addresses[index],
        port: ports.count == 1 ? ports[0] : ports[index])
    }
  }

  private static func list(_ text: String) -> [String] {
    text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  }
}

/// The address that answered last.
final class LastGood: Sendable {
  /// Whether any server has said anything yet.
  let hasAnswered = Atomic(false)
  private let state = Mutex<Endpoint?>(nil)
  var endpoint: Endpoint? {
    get { state.withLock(\.self) }
    set { state.withLock { $0 = newValue } }
  }
}
