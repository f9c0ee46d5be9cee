import Bridge
import BridgeServer
import Foundation
import JSON
import Logging
import MCP
import MCPClient
import SQLiteStore
import Synchronization
import SystemSupport
import Testing

/// A store in a temporary folder that is removed with it.
final class TemporaryStore: Sendable {
  let folder: URL
  let store: SQLiteStore

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "bridge-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    store = SQLiteStore(path: folder.appending(path: "messages.db").path, logger: .quiet)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }
}

extension Logger {
  static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

/// A client's end of a connection to a server in this process.
///
/// One task at a time may use it.
final class Connection: Sendable {
  let client: Client
  let run: Task<Void, Never>
  private let lastID = Mutex<Int64>(0)

  /// Starts a server for an agent.
  init(_ home: TemporaryStore, as name: String = "code") throws {
    let service = BridgeService(store: home.store, identity: try Identity(name), logger: .quiet)
    let server = BridgeServer(service: service, version: "0.0.0", logger: .quiet)
    let (toServer, toClient) = (try FileDescriptor.makePipe(), try FileDescriptor.makePipe())
    let transport = try DescriptorTransport(input: toServer.reading, output: toClient.writing)
    client = try Client(input: toServer.writing, output: toClient.reading, settings: Client.Settings(patience: .seconds(120)))
    run = Task { await server.run(on: transport) }
  }

  /// A server after the handshake.
  static func open(_ home: TemporaryStore, as name: String = "code", revision: String = "2025-11-25") async throws -> Connection {
    let connection = try Connection(home, as: name)
    try await connection.initialize(revision)
    return connection
  }

  @discardableResult
  func initialize(_ revision: String) async throws -> JSON {
    let reply = try await request(
      "initialize",
      ["protocolVersion": .string(revision), "capabilities": [:], "clientInfo": ["name": "tests", "version": "1"]])
    client.send(["jsonrpc": "2.0", "method": "notifications/initialized"])
    return try #require(reply["result"])
  }

  /// Ends the input, and returns when the server has ended.
  func end() async {
    client.closeInput()
    await run.value
  }

  /// Sends a request and returns its id.
  func send(_ method: String, _ params: JSON = [:]) -> Int64 {
    let id = lastID.withLock { last in
      last += 1
      return last
    }
    client.send(["jsonrpc": "2.0", "id": .integer(id), "method": .string(method), "params": params])
    return id
  }

  /// The response to a request; skips what precedes it.
  func reply(to id: Int64) async throws -> JSON {
    try await client.notification { $0["id"]?.wholeNumber == id }
  }

  func request(_ method: String, _ params: JSON = [:]) async throws -> JSON {
    try await reply(to: send(method, params))
  }

  /// A request that must succeed.
  func result(_ method: String, _ params: JSON = [:]) async throws -> JSON {
    let reply = try await request(method, params)
    return try #require(reply["result"], "\(reply)")
  }
}
