import Bridge
import Foundation
import Logging
import NIOCore
import ProcessTesting
import SQLiteStore
import Testing

@testable import BridgeWeb

/// Connections that take too long, in this process with shorter times than the program has.
@Suite(.timeLimit(.minutes(5))) struct WebPatienceTests {
  let sandbox: Sandbox
  private let store: SQLiteStore
  private let secrets = Secrets()

  init() throws {
    sandbox = try Sandbox()
    store = SQLiteStore(path: sandbox.home + "/x.db", logger: Logger(label: "test"))
  }

  private func serving(_ limits: WebLimits, _ work: (WebServer) async throws -> Void) async throws {
    let server = try await WebServer.start(
      port: 0, secrets: secrets, limits: limits, settings: WebSettings(identity: nil, store: "", workspace: nil, version: ""),
      store: store, service: nil, logger: Logger(label: "test"))
    do { try await work(server) } catch {
      await server.stop()
      throw error
    }
    await server.stop()
    await store.close()
  }

  private func head(_ server: WebServer, _ line: String) -> String {
    "\(line) HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\nCookie: cowork-web-\(server.port)=\(secrets.cookie)\r\n"
  }

  @Test func aHeadThatIsNeverWholeEndsTheConnection() async throws {
    var limits = WebLimits()
    limits.firstHead = .milliseconds(100)
    try await serving(limits) { server in
      let clients = [try RawClient(server.port), try RawClient(server.port)]
      try clients[1].send(head(server, "GET /"))
      for client in clients { #expect(try await client.rest().isEmpty) }
    }
  }

  @Test func anIdleConnectionEnds() async throws {
    var limits = WebLimits()
    limits.idle = .milliseconds(100)
    try await serving(limits) { server in
      let client = try RawClient(server.port)
      try client.send(head(server, "GET /favicon.svg") + "\r\n")
      #expect(try await client.rest().hasSuffix("</svg>\n"))
      // As does a body that never comes.
      let other = try RawClient(server.port)
      try other.send(head(server, "GET /") + "Content-Length: 5\r\n\r\nx")
      #expect(try await other.rest().isEmpty)
    }
  }

  @Test func theEventStreamIsNeverIdle() async throws {
    var limits = WebLimits()
    (limits.idle, limits.firstHead, limits.stalled) = (.milliseconds(50), .milliseconds(50), .milliseconds(50))
    try await store.addAgent(.user)
    try await serving(limits) { server in
      let client = try RawClient(server.port)
      try client.send(head(server, "GET /api/events") + "\r\n")
      _ = try await client.text(to: "event: state")
      // Longer than all of these.
      let other = try RawClient(server.port)
      #expect(try await other.rest().isEmpty)
      _ = try await store.send(NewMessage(sender: .user, recipient: .code, content: "still there"))
      _ = try await client.text(to: "still there")
    }
  }

  @Test func aClientThatNeverReadsIsLeft() async throws {
    var limits = WebLimits()
    (limits.stalled, limits.connections) = (.milliseconds(100), 1)
    try await store.addAgent(.user)
    let text = String(repeating: "x", count: Limits.textBytes)
    let message = NewMessage(sender: .user, recipient: .code, content: text)
    _ = try await store.send(message)
    try await serving(limits) { server in
      let client = try RawClient(server.port)
      let request = head(server, "GET /api/message?id=\(message.id)") + "\r\n"
      try client.send(String(repeating: request, count: 200))
      _ = try await client.text(to: "HTTP/1.1 200 OK")
      // There is room for another one only once this one is gone, which sees nothing of it.
      var answer = ""
      while !answer.contains("200 OK") {
        let other = try RawClient(server.port)
        try? other.send(head(server, "GET /favicon.svg") + "Connection: close\r\n\r\n")
        answer = try await other.rest()
      }
      #expect(answer.hasSuffix("</svg>\n"))
    }
  }

  /// Who does not have the key cannot keep the others out.
  @Test func aStrangerGivesWay() async throws {
    var limits = WebLimits()
    (limits.connections, limits.strange) = (2, .zero)
    try await serving(limits) { server in
      let known = try RawClient(server.port)
      try known.send(head(server, "GET /agents") + "\r\n")
      _ = try await known.text(to: "</html>")
      let stranger = try RawClient(server.port)
      let other = try RawClient(server.port)
      #expect(try await stranger.rest().isEmpty)
      for client in [other, known] {
        try client.send(head(server, "GET /favicon.svg") + "Connection: close\r\n\r\n")
        #expect(try await client.rest().hasSuffix("</svg>\n"))
      }
    }
  }
}
