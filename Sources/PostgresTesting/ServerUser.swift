import ProcessTesting
import SystemSupport

/// Postgres refuses to run as root: as root, everything runs as the user `postgres`.
enum ServerUser {
  static var prefix: [String] { Environment.isRoot ? ["runuser", "-u", "postgres", "--"] : [] }

  /// The folder that `COWORK_TEST_POSTGRES_BIN` names, else that of the newest installed version.
  static func binaries() async throws -> String {
    if let named = Environment["COWORK_TEST_POSTGRES_BIN"], !named.isEmpty { return named }
    let script =
      "ls -d /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin 2>/dev/null | sort -V | tail -n 1"
    let found = try await Shell.run(["/bin/sh", "-c", script]).split(whereSeparator: \.isNewline).first.map(String.init)
    guard let found else { throw TestingError("no Postgres server is installed in /usr/lib/postgresql; install the package postgresql") }
    return found
  }

  /// The major version that `COWORK_TEST_POSTGRES_VERSION` asks for.
  static var version: String? { Environment["COWORK_TEST_POSTGRES_VERSION"] }

  /// A short name: a Unix socket's path is at most 107 bytes.
  static func makeFolder() async throws -> String {
    let path = try await Shell.run(prefix + ["mktemp", "-d", "/tmp/pgt-XXXXXX"]).split(whereSeparator: \.isNewline).first.map(String.init)
    guard let path else { throw TestingError("mktemp printed nothing") }
    // The client reads certificates there.
    try await Shell.run(prefix + ["chmod", "755", path])
    return path
  }
}
