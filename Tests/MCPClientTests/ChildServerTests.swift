import JSON
import MCPClient
import ProcessTesting
import SystemSupport
import Testing

/// Against the real program, and programs that are no servers.
@Suite struct ChildServerTests {
  let sandbox: Sandbox
  init() throws { sandbox = try Sandbox() }

  @Test(arguments: ChildServer.Wiring.allCases)
  func callsOverlapAndTheServerEndsWithItsInput(_ wiring: ChildServer.Wiring) async throws {
    let server = try await sandbox.serve("code", wiring: wiring)
    let waiting = server.beginCall("wait_for_updates", ["timeout_seconds": 30])
    #expect(try await server.call("list_agents")["self"] == "code")
    #expect(!waiting.hasArrived)
    let other = try await sandbox.serve("cowork", wiring: wiring)
    let id = try await other.call("send_message", ["to": "code", "content": "Hello"])["message_id"]
    #expect(try await waiting.content()["messages"]?.arrayValue?.map { $0["id"] } == [id])
    server.closeInput()
    #expect(try await server.status() == .exited(0))
    #expect(await other.end() == .exited(0))
  }

  @Test func thePerRequestEraNeedsNoHandshake() async throws {
    let server = try ChildServer(
      [Program.path, "code"], environment: ["HOME": sandbox.home], settings: .init(era: .perRequest))
    #expect(try await server.connect()["supportedVersions"] == ["2026-07-28"])
    #expect(try await server.call("list_agents")["self"] == "code")
    #expect(await server.end() == .exited(0))
  }

  @Test func refusalsOfTheServerAreErrorsWithItsSentence() async throws {
    let server = try await sandbox.serve("code")
    do {
      try await server.call("send_message", ["to": "nobody", "content": "x"])
      Issue.record("A message to an unknown agent was accepted.")
    } catch {
      guard case .toolFailed("send_message", let sentence) = error else { throw error }
      #expect(sentence.contains("nobody"))
    }
    do {
      try await server.request("nonsense")
      Issue.record("An unknown method was accepted.")
    } catch {
      guard case .refused("nonsense", -32_601, _) = error else { throw error }
    }
    server.send(bytes: Array("garbage\n".utf8))
    #expect(try await server.notification()["error"]?["code"] == -32_700)
  }

  @Test func aServerThatDoesNotEndIsKilled() async throws {
    let server = try ChildServer(["sleep", "60"], environment: ["PATH": "/usr/bin:/bin"])
    #expect(await server.end(within: .milliseconds(50)) == .signalled(9))
  }

  @Test func aProgramThatEndsAtOnceFailsTheHandshake() async throws {
    let server = try ChildServer(["true"], environment: ["PATH": "/usr/bin:/bin"])
    await #expect(throws: ClientError.ended(during: "initialize")) { try await server.connect() }
    #expect(try await server.status() == .exited(0))
  }

  @Test func aMissingProgramIsNamed() {
    #expect(throws: ClientError.cannotStart("/nowhere/x cannot be started: No such file or directory")) {
      try ChildServer(["/nowhere/x"], environment: [:])
    }
  }
}
