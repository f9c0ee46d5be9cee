import Foundation
import ProcessTesting
import Testing

extension RealProcesses {
  /// A broken inbox costs a line at the debug level, and nothing else.
  @Suite struct BrokenInboxTests {
    enum Fault: String, CaseIterable, Sendable {
      case missing, refuses, closes, neverReads
    }

    private func inbox(_ fault: Fault, _ sandbox: Sandbox) throws -> (path: String, standIn: StandInInbox?) {
      switch fault {
      case .missing: return (sandbox.home + "/nowhere.sock", nil)
      case .refuses: return (try StandInInbox(sandbox).path, nil)
      case .closes:
        let inbox = try StandInInbox(sandbox, .closes)
        return (inbox.path, inbox)
      case .neverReads:
        let inbox = try StandInInbox(sandbox, .neverReads)
        return (inbox.path, inbox)
      }
    }

    @Test(arguments: Fault.allCases)
    func theServerGoesOn(fault: Fault) async throws {
      let sandbox = try Sandbox()
      let (path, standIn) = try inbox(fault, sandbox)
      let server = try await sandbox.claudeCode(["code", "--log-level", "trace"], environment: StandInInbox.environment(path))
      let id = try await sandbox.send("hello")
      if let standIn {
        _ = try await standIn.posts.next()
      } else {
        // What could not be posted is sent by the channel.
        let notification = try await server.notification { $0["method"] == "notifications/claude/channel" }
        #expect(notification["params"]?["content"]?.stringValue?.contains(id) == true)
      }
      #expect(try await server.call("read_messages")["messages"]?.arrayValue?.first?["id"]?.stringValue == id)
      #expect(await server.end() == .exited(0))
      #expect(sandbox.log(of: server).contains("posted to the inbox socket"))
      #expect(!sandbox.log(of: server).contains(StandInInbox.token))
      #expect(!sandbox.log(of: server).contains("sk-never-logged"))
      for level in [" warning ", " error ", " critical ", " notice "] { #expect(!sandbox.log(of: server).contains(level)) }
    }

    @Test func whatCouldNotBePostedIsPostedOnceTheInboxIsThere() async throws {
      let sandbox = try Sandbox()
      let server = try await sandbox.claudeCode(environment: StandInInbox.environment(sandbox.home + "/late.sock"))
      let id = try await sandbox.send("hello")
      _ = try await server.notification { $0["method"] == "notifications/claude/channel" }
      let inbox = try StandInInbox(sandbox, name: "late")
      _ = try await inbox.post(with: id)
      let next = try await sandbox.send("next")
      let post = try await inbox.posts.next()
      #expect(post.text.contains(next) && !post.text.contains(id))
      // By the channel it went once.
      _ = try await server.call("list_agents")
      #expect(server.messages.count { $0["method"] != nil } <= 1)
      _ = await server.end()
    }

    @Test func atTheUsualLevelNothingIsLogged() async throws {
      let sandbox = try Sandbox()
      let server = try await sandbox.claudeCode(environment: StandInInbox.environment(sandbox.home + "/nowhere.sock"))
      _ = try await sandbox.send("hello")
      _ = try await server.notification()
      #expect(await server.end() == .exited(0))
      #expect(sandbox.log(of: server) == "")
    }
  }
}
