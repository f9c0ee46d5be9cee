import Synchronization
import SystemSupport

/// Where and how to connect: any libpq URI (`postgres://…`, several hosts) or conninfo (`host=… dbname=…`).
///
/// Passwords stay inside; print `redactedDescription`. PG* variables, `~/.pgpass`, `PGPASSFILE` and service files work because libpq
/// reads them; this module reads no variable of its own.
public struct ConnectionSettings: Sendable {
  /// Shown in `pg_stat_activity`; set here it beats the URL.
  public var applicationName: String?
  /// Shown where neither the URL nor `applicationName` nor `PGAPPNAME` names one.
  public var fallbackApplicationName: String?
  /// For each address of each host, name look-up apart. Default 5 s, or the URL's `connect_timeout`.
  public var connectTimeout: Duration = .seconds(5)
  /// For each statement that names no other limit; then it is cancelled on the server. Default 30 s.
  public var queryTimeout: Duration = .seconds(30)
  /// How long to wait for the server's answer after cancelling, before the connection is given up. Default 2 s.
  public var cancelGrace: Duration = .seconds(2)

  let options: ConninfoOptions
  let effective: ConninfoOptions
  let endpoints: [Endpoint]
  let shufflesHosts: Bool
  /// Shared by all copies.
  let lastGood = LastGood()
  /// Whether a server with these settings has said anything to this process.
  public var hasAnswered: Bool { lastGood.hasAnswered.load(ordering: .relaxed) }

  /// Throws `.badURL` with a message that holds nothing of the string.
  public init(_ conninfo: String) throws(PostgresError) {
    let parsed = try ConninfoOptions(parsing: conninfo)
    var options = parsed
    // Not for libpq: it gets one host at a time.
    options["load_balance_hosts"] = nil
    let effective = try options.resolved()
    let balance = parsed["load_balance_hosts"] ?? effective["load_balance_hosts"] ?? "disable"
    guard ["random", "disable"].contains(balance) else {
      throw PostgresError(.badURL, "The value of load_balance_hosts is unknown: use random or disable.")
    }
    shufflesHosts = balance == "random"
    let keyword = "target_session_attrs"
    let isChosen =
      parsed[keyword] != nil || Environment["PGTARGETSESSIONATTRS"] != nil
      || (parsed["service"] ?? Environment["PGSERVICE"]).map { ServiceFile.sets(keyword, for: $0) } == true
    if !isChosen { options[keyword] = "read-write" }
    for (keyword, value) in Self.defaults where effective[keyword] == nil || (keyword == "keepalives") {
      options[keyword] = options[keyword] ?? value
    }
    options["client_encoding"] = "UTF8"
    self.options = options
    self.effective = effective
    endpoints = Endpoint.split(host: effective["host"] ?? "", hostaddr: effective["hostaddr"] ?? "", port: effective["port"] ?? "")
    if let seconds = (effective["connect_timeout"]).flatMap({ Int($0) }), seconds > 0 { connectTimeout = .seconds(seconds) }
  }

  private static let defaults = [
    "keepalives": "1", "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3", "tcp_user_timeout": "15000",
  ]

  /// Hosts and ports, database and user; for logs and errors.
  public var redactedDescription: String {
    let hosts = endpoints.map(\.description).joined(separator: ",")
    return "\(hosts)/\(database ?? "") as \(user ?? "the system user")"
  }

  /// Every host is this machine: a socket, or a loopback address.
  public var isLocal: Bool { endpoints.allSatisfy(\.isLocal) }

  public var user: String? { effective["user"] }
  public var database: String? { effective["dbname"] ?? effective["user"] }

  /// The options for one attempt at one host.
  func attemptOptions(for endpoint: Endpoint, sessionAttributes: String?) -> ConninfoOptions {
    var result = options
    // Empty values mean "default" to libpq, and keep it from taking a list from a service file or a variable.
    result["host"] = endpoint.host
    result["hostaddr"] = endpoint.address
    result["port"] = endpoint.port
    if let sessionAttributes { result["target_session_attrs"] = sessionAttributes }
    if let applicationName { result["application_name"] = applicationName }
    if let fallbackApplicationName, result["fallback_application_name"] == nil {
      result["fallback_application_name"] = fallbackApplicationName
    }
    return result
  }

  var sessionAttributes: String { options["target_session_attrs"] ?? effective["target_session_attrs"] ?? "any" }
  /// A server that takes no writes is of no use.
  var wantsWrites: Bool { ["read-write", "primary"].contains(sessionAttributes) }

  var sanitizer: MessageSanitizer {
    MessageSanitizer(secrets: ["password", "sslpassword"].compactMap { effective[$0] ?? options[$0] })
  }
}

extension ConnectionSettings: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { redactedDescription }
  public var debugDescription: String { redactedDescription }
  /// `dump` and a test's failure message go through the mirror: it shows nothing more either.
  public var customMirror: Mirror { Mirror(self, children: ["redacted": redactedDescription]) }
}
