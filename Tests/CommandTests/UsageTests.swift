import Foundation
import ProcessTesting
import Testing

@Suite struct UsageTests {
  let sandbox: Sandbox
  init() throws { sandbox = try Sandbox() }

  @Test(arguments: [
    "send", "read", "tasks", "tasks list", "tasks show", "tasks create", "tasks update", "history", "agents", "agents list", "agents add",
    "wait", "watch", "status", "doctor", "demo", "serve", "copy", "export", "import", "prune",
  ])
  func helpShowsExamplesThatFit(_ command: String) async throws {
    let outcome = try await sandbox.run(command.split(separator: " ").map(String.init) + ["--help"])
    #expect(outcome.status == 0)
    let lines = outcome.output.split(separator: "\n")
    let examples = try #require(lines.firstIndex { $0.hasPrefix("Example") })
    let end = try #require(lines.firstIndex { $0.hasPrefix("USAGE") })
    #expect(lines[(examples + 1)..<end].contains { $0.contains("cowork-code-mcp-server \(command)") } || command == "serve")
  }

  @Test func theServerIsTheDefault() async throws {
    for arguments in [["cowork"], ["--database-url", "x.db", "cowork"], ["cowork", "--database-url", "x.db"], ["serve", "read"]] {
      let outcome = try await sandbox.run(arguments)
      #expect(outcome.status == 0, "\(arguments): \(outcome.errors)")
      #expect(outcome.output == "")
    }
    let request = #"{"jsonrpc":"2.0","id":1,"method":"ping"}"# + "\n"
    let answered = try await sandbox.run("--database-url", "x.db", "cowork", input: request)
    #expect(answered.output == #"{"jsonrpc":"2.0","id":1,"result":{}}"# + "\n")
  }

  @Test func optionsBeforeACommandAreNotAnIdentity() async throws {
    let outcome = try await sandbox.run("--database-url", "x.db", "read")
    #expect(outcome.status == 64)
    #expect(outcome.errors.contains("use serve read"))
  }

  @Test func theEnvironmentCounts() async throws {
    let environment = ["COWORK_IDENTITY": "reviewer", "COWORK_DATABASE_URL": "sqlite://\(sandbox.home)/other.db"]
    #expect(try await sandbox.run("send", "cowork", "x", environment: environment).status == 0)
    let read = try await sandbox.run("read", "--as", "cowork", "--database-url", "other.db", "--json").json
    #expect(try read.list("messages").map { $0["sender"] } == ["reviewer"])
    #expect(!FileManager.default.fileExists(atPath: sandbox.database))
    #expect(try await sandbox.run("read", environment: ["COWORK_IDENTITY": "No Name"]).status == 64)
  }

  @Test(.timeLimit(.minutes(1))) func aServerWithoutStandardStreamsEnds() async throws {
    #expect(try await sandbox.shell("\"$0\" serve code <&- >&-").status == 0)
    #expect(try await sandbox.shell("echo '{}' | \"$0\" serve code >&-").status == 0)
  }

  #if os(Linux)
    @Test func libpqIsLoadedForPostgresOnly() async throws {
      let libraries = sandbox.home + "/libraries"
      try FileManager.default.createDirectory(atPath: libraries, withIntermediateDirectories: false)
      try Data("not a library".utf8).write(to: URL(fileURLWithPath: libraries + "/libpq.so.5"))
      let environment = ["LD_LIBRARY_PATH": libraries]
      #expect(try await sandbox.run("send", "cowork", "Hello", environment: environment).status == 0)
      let refused = try await sandbox.run("send", "cowork", "x", "--database-url", "postgres://me:secret@db/x", environment: environment)
      #expect(refused.status == 64)
      #expect(refused.errors.contains("install it (Debian: apt-get install libpq5"))
      #expect(!refused.errors.contains("secret"))
    }
  #endif
}
