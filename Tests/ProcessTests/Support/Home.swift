import Foundation
import Testing

/// A HOME of its own, which goes away with it.
final class Home: Sendable {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "home-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// Where the server puts its database by default.
  var database: URL { folder.appending(path: ".cowork-code-mcp/messages.db") }

  /// Runs the sqlite3 command on the database, and returns what it printed.
  @discardableResult
  func sqlite3(_ sql: String) async throws -> String {
    let process = try Child(["sqlite3", database.path, sql], environment: ["PATH": searchPath], standardError: nil)
    let output = try await process.allOutput()
    let status = try await process.exit()
    try #require(status == .exited(0), "sqlite3: \(status) \(output)")
    return output.trimmingCharacters(in: .newlines)
  }

  /// The database has taken no harm.
  func expectIntegrity(location: SourceLocation = #_sourceLocation) async throws {
    #expect(try await sqlite3("PRAGMA integrity_check") == "ok", sourceLocation: location)
  }
}

/// The built server, beside the test bundle.
let serverPath: String = {
  var folder = Bundle.main.bundleURL
  for bundle in Bundle.allBundles where bundle.bundlePath.hasSuffix(".xctest") { folder = bundle.bundleURL.deletingLastPathComponent() }
  let binary = folder.appending(path: "cowork-code-mcp-server")
  precondition(FileManager.default.isExecutableFile(atPath: binary.path), "\(binary.path) has not been built")
  return binary.path
}()

let searchPath = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
