import ProcessTesting

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Who runs the server: the current user, or `postgres` if that is root, because Postgres refuses to run as root.
enum ServerUser {
  static var prefix: [String] { geteuid() == 0 ? ["runuser", "-u", "postgres", "--"] : [] }

  /// The folder that `COWORK_TEST_POSTGRES_BIN` names, otherwise that of the newest installed version.
  static func binaries() async throws -> String {
    if let named = getenv("COWORK_TEST_POSTGRES_BIN"), named[0] != 0 { return String(cString: named) }
    let script =
      "ls -d /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin 2>/dev/null | sort -V | tail -n 1"
    let found = try await Shell.run(["/bin/sh", "-c", script]).split(whereSeparator: \.isNewline).first.map(String.init)
    guard let found else { throw TestingError("no Postgres server is installed in /usr/lib/postgresql; install the package postgresql") }
    return found
  }

  /// The major version that `COWORK_TEST_POSTGRES_VERSION` requires.
  static var version: String? { getenv("COWORK_TEST_POSTGRES_VERSION").map { String(cString: $0) } }

  /// A short name: a Unix socket's path is at most 107 bytes.
  static func makeFolder() async throws -> String {
    let path = try await Shell.run(prefix + ["mktemp", "-d", "/tmp/pgt-XXXXXX"]).split(whereSeparator: \.isNewline).first.map(String.init)
    guard let path else { throw TestingError("mktemp printed nothing") }
    // The client must be able to read certificates.
    try await Shell.run(prefix + ["chmod", "755", path])
    return path
  }
}
