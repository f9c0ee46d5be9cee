import CLibPQ
import CLibPQLoader

/// The keywords and values of a connection string, as libpq parses them.
struct ConninfoOptions: Sendable, Equatable {
  private(set) var values: [String: String]

  init(values: [String: String]) { self.values = values }

  subscript(keyword: String) -> String? {
    get { values[keyword] }
    set { values[keyword] = newValue }
  }

  /// Throws `.badURL`, and `.libraryMissing`. libpq's own message is not passed on: it quotes the string, and so the password.
  init(parsing conninfo: String) throws(PostgresError) {
    if let problem = libpq_load() {
      throw PostgresError(
        .libraryMissing,
        "Postgres is reached through libpq, which cannot be loaded (\(String(cString: problem))); install it "
          + "(Debian: apt-get install libpq5, Homebrew: brew install libpq) and start again.")
    }
    guard !conninfo.utf8.contains(0) else { throw PostgresError(.badURL, "The connection string holds a NUL character; remove it.") }
    let (rest, balance) = Self.withoutLoadBalancing(conninfo)
    if let options = Self.parse(conninfo) {
      values = options
    } else if let balance, var options = Self.parse(rest) {
      options["load_balance_hosts"] = balance
      values = options
    } else {
      let unknown = Self.unknownParameters(of: rest)
      if !unknown.isEmpty {
        throw PostgresError(
          .badURL,
          "libpq does not know \(unknown.joined(separator: ", ")) in the connection URL: leave out what other libraries take; "
            + "sslmode is for encryption, and --workspace for a schema of its own.")
      }
      throw PostgresError(
        .badURL,
        "The connection string is malformed or has an option that libpq does not know; write postgres://user@host:5432/database "
          + "and percent-encode special characters in the password.")
    }
    try checkForMisplacedPassword(isURI: Self.isURI(conninfo))
  }

  static func isURI(_ text: String) -> Bool { text.hasPrefix("postgres://") || text.hasPrefix("postgresql://") }

  /// What libpq adds from PG* variables, the service file and its defaults, without connecting: an option that is refused after all
  /// were collected (`channel_binding`) makes it stop before it looks up any name.
  ///
  /// - Throws: `.badURL` where libpq stops for any other reason, such as a service that is not defined: what it has then are bare defaults.
  func resolved() throws(PostgresError) -> ConninfoOptions {
    var probe = self
    probe["channel_binding"] = "resolve-only"
    let connection = probe.withKeywordArrays { PQconnectStartParams($0, $1, 0) }
    defer { PQfinish(connection) }
    let refusal = String(cString: PQerrorMessage(connection)).split(whereSeparator: \.isNewline).joined(separator: " ")
    guard refusal.contains("resolve-only"), let list = PQconninfo(connection) else {
      throw PostgresError(.badURL, "libpq refuses the connection settings in the URL, the service file or a PG* variable: \(refusal).")
    }
    defer { PQconninfoFree(list) }
    var found = Self.collect(list)
    found["channel_binding"] = self["channel_binding"]
    return ConninfoOptions(values: found)
  }

  /// The NULL-terminated parallel arrays of `PQconnectStartParams`, valid during the call only.
  func withKeywordArrays<T>(_ body: (UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<UnsafePointer<CChar>?>) -> T) -> T {
    var block: [UInt8] = []
    var starts: [(Int, Int)] = []
    for (keyword, value) in values.sorted(by: { $0.key < $1.key }) {
      let start = block.count
      block += Array(keyword.utf8) + [0]
      starts.append((start, block.count))
      block += Array(value.utf8) + [0]
    }
    return block.withUnsafeBytes { bytes in
      let base = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
      let keywords: [UnsafePointer<CChar>?] = starts.map { base?.advanced(by: $0.0) } + [nil]
      let contents: [UnsafePointer<CChar>?] = starts.map { base?.advanced(by: $0.1) } + [nil]
      return keywords.withUnsafeBufferPointer { first in
        contents.withUnsafeBufferPointer { second in
          guard let keywordArray = first.baseAddress, let valueArray = second.baseAddress else { preconditionFailure("never empty") }
          return body(keywordArray, valueArray)
        }
      }
    }
  }

  /// `postgres://u:p@ss/word@h/db` parses, with parts of the password as host and database, which messages would then show.
  private func checkForMisplacedPassword(isURI: Bool) throws(PostgresError) {
    guard isURI else { return }
    let hosts = (values["host"] ?? "").split(separator: ",")
    let ports = (values["port"] ?? "").split(separator: ",")
    let suspicious =
      hosts.contains { $0.contains("@") && !$0.hasPrefix("@") && !$0.hasPrefix("/") } || (values["dbname"] ?? "").contains("@")
      || ports.contains { UInt16($0) == nil || $0 == "0" }
    guard suspicious else { return }
    throw PostgresError(
      .badURL,
      "The connection URL has an '@', '/' or ':' at a wrong place, or a bad port; percent-encode special characters in user and password.")
  }

  private static func parse(_ conninfo: String) -> [String: String]? {
    var message: UnsafeMutablePointer<CChar>?
    defer { if let message { PQfreemem(message) } }
    guard let list = PQconninfoParse(conninfo, &message) else { return nil }
    defer { PQconninfoFree(list) }
    return collect(list)
  }

  /// None where an `@` behind the question mark could be the end of a password.
  private static func unknownParameters(of conninfo: String) -> [String] {
    guard isURI(conninfo), let query = conninfo.split(separator: "?", maxSplits: 1).dropFirst().first, !query.contains("@"),
      let list = PQconndefaults()
    else { return [] }
    defer { PQconninfoFree(list) }
    var known: Set = ["ssl"]
    var item = list
    while let keyword = item.pointee.keyword {
      known.insert(String(cString: keyword))
      item += 1
    }
    let keys = query.split(separator: "&").filter { $0.contains("=") }.map { String($0.prefix { $0 != "=" }) }
    return keys.filter { !known.contains($0) && $0.wholeMatch(of: /[A-Za-z0-9_.\-]{1,40}/) != nil }
  }

  private static func collect(_ list: UnsafeMutablePointer<PQconninfoOption>) -> [String: String] {
    var found: [String: String] = [:]
    var item = list
    while let keyword = item.pointee.keyword {
      if let value = item.pointee.val { found[String(cString: keyword)] = String(cString: value) }
      item += 1
    }
    return found
  }

  /// libpq before 16 does not know `load_balance_hosts` and refuses the whole string. This client balances by itself.
  private static func withoutLoadBalancing(_ conninfo: String) -> (rest: String, value: String?) {
    let option = /([?&\s]|^)load_balance_hosts\s*=\s*'?([^&'\s]*)['&]?/
    // Compiling the expression takes a while.
    guard conninfo.contains("load_balance_hosts"), let found = conninfo.firstMatch(of: option) else { return (conninfo, nil) }
    return (conninfo.replacing(option, maxReplacements: 1) { String($0.1) }, String(found.2))
  }
}
