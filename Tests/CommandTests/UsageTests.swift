import Foundation
import ProcessTesting
import Testing

@Suite struct UsageTests {
  let sandbox: Sandbox
  init() throws { sandbox = try Sandbox() }

  @Test(arguments: [
    "send", "read", "tasks", "tasks list", "tasks show", "tasks create", "tasks update", "history", "agents", "agents list", "agents add",
    "wait", "watch", "web", "status", "statusline", "doctor", "demo", "serve", "copy", "export", "import", "prune",
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

  @Test(arguments: [
    ("sned", "send"), ("sned cowork hi", "send"), ("reed", "read"), ("histroy --limit 3", "history"), ("agent", "agents"),
    ("tasks shw 1", "tasks show"), ("lead", "read"),
  ])
  func aMistypedCommandStartsNoServer(_ line: String, _ meant: String) async throws {
    let outcome = try await sandbox.run(line.split(separator: " ").map(String.init))
    #expect(outcome.status == 64)
    #expect(outcome.errors.contains("did you mean \(meant)?"), "\(outcome.errors)")
    #expect(!FileManager.default.fileExists(atPath: sandbox.database))
  }

  @Test func anAgentThatExistsIsServedWhateverItsNameIsLike() async throws {
    for arguments in [["serve", "sned"], ["reviewer"], ["dev"], ["code2"]] {
      #expect(try await sandbox.run(arguments).status == 0, "\(arguments)")
    }
    let configured = try await sandbox.run("install", "claude-code", "--identity", "lead", "--dry-run")
    #expect(configured.status == 0 && configured.output.contains(#""serve""#), "\(configured)")
    _ = try await sandbox.run("agents", "add", "lead")
    #expect(try await sandbox.run("lead").status == 0)
    // There may be such an agent in a store that cannot be asked.
    try await sandbox.sqlite3("PRAGMA user_version = 1", in: sandbox.home + "/x.db")
    try sandbox.write("no database", to: "x.db")
    #expect(try await sandbox.run("sned", "--database-url", "x.db").status == 0)
  }

  @Test(arguments: [
    ("wait --timeout -1", "Write a number from 0 to 86400"), ("prune --older-than -1d", "\"-1d\" is no age"),
    ("history --limit -1", "Write a number from 1 to 200"), ("read --wait -5", "from 0 to"), ("tasks list --limit -3", "from 1 to 200"),
    ("watch --last -1", "from 0 to"), ("watch --since -1d", "\"-1d\" is no time"), ("export --since -1d", "\"-1d\" is no time"),
    ("serve code --announce-limit -1", "--announce-limit must be 1 to 10000, not \"-1\""),
  ])
  func aNumberBelowZeroIsToldToBeWrong(_ line: String, _ sentence: String) async throws {
    let outcome = try await sandbox.run(line.split(separator: " ").map(String.init))
    #expect(outcome.status == 64 && outcome.errors.contains(sentence), "\(outcome.errors)")
  }

  @Test(arguments: [
    ("${X}", "nothing has replaced"), ("$X", "nothing has replaced"), ("postgres://me:$PGPASSWORD@db/x", "nothing has replaced"),
    ("/home/{{user}}/x.db", "nothing has replaced"), ("$HOME/x.db", "nothing has replaced"),
    ("host=db dbname=x", "a list of libpq's settings"),
    ("db:5432/bridge", "neither a URL nor the path"), ("postgres:/db/x", "neither a URL nor the path"), (" ", "is empty"),
    ("postgers://db/x", "not supported"),
    ("postgres://db/x?pgbouncer=true&sslmode=require&schema=s3cret", "does not know pgbouncer, schema in"),
  ])
  func aURLThatCannotBeMeantIsRefused(_ url: String, _ sentence: String) async throws {
    for arguments in [["status"], ["serve", "code"], ["send", "cowork", "x"], ["copy", "--from", "x.db", "--to", url]] {
      let line = arguments[0] == "copy" ? arguments : arguments + ["--database-url", url]
      let outcome = try await sandbox.run(line)
      #expect(outcome.status == 64 && outcome.errors.contains(sentence) && !outcome.errors.contains("s3cret"), "\(outcome)")
    }
    #expect(try await sandbox.run("read", environment: ["COWORK_DATABASE_URL": url]).status == 64)
    #expect(sandbox.files.isEmpty)
  }

  @Test func aVariableThatNothingHasReplacedIsRefusedWhereverItStands() async throws {
    for name in ["COWORK_IDENTITY", "COWORK_WORKSPACE", "COWORK_LOG_LEVEL", "COWORK_WAKE"] {
      let outcome = try await sandbox.run("serve", environment: [name: "${X}"])
      #expect(outcome.status == 64 && outcome.errors.contains("\(name) holds a variable"), "\(outcome)")
    }
    for arguments in [["${X}"], ["serve", "{{x}}"], ["status", "--workspace", "$X"], ["agents", "add", "${X}"]] {
      #expect(try await sandbox.run(arguments).status == 64)
    }
    for home in ["home", "./x", "$HOME", ""] {
      let outcome = try await sandbox.run("send", "cowork", "x", environment: ["HOME": home])
      #expect(outcome.status == 64 && outcome.errors.contains("HOME is no absolute path"), "\(outcome)")
    }
    #expect(sandbox.files.isEmpty)
  }

  @Test func whiteSpaceAroundAURLIsRemoved() async throws {
    let environment = ["COWORK_DATABASE_URL": " sqlite://\(sandbox.home)/x.db\n"]
    #expect(try await sandbox.run("send", "cowork", "x", environment: environment).status == 0)
    #expect(FileManager.default.fileExists(atPath: sandbox.home + "/x.db"))
  }

  @Test(arguments: [
    "read", "read --peek", "read --wait 1", "status", "history", "agents", "tasks", "tasks list --peek", "tasks show 12345678",
    "wait --timeout 1", "export", "doctor", "agents remove zzz", "tasks update none completed",
  ])
  func aCommandThatLooksMakesNothing(_ line: String) async throws {
    let outcome = try await sandbox.run(line.split(separator: " ").map(String.init))
    let refused = ["export", "tasks show 12345678", "agents remove zzz", "tasks update none completed"]
    #expect(outcome.status == (refused.contains(line) ? 1 : ["wait --timeout 1": 3][line] ?? 0), "\(outcome)")
    #expect(sandbox.files.isEmpty)
    #expect(try FileManager.default.contentsOfDirectory(atPath: sandbox.temporary).isEmpty)
  }

  @Test func aCommandThatLooksMakesNoAgentKnown() async throws {
    _ = try await sandbox.run("send", "cowork", "x")
    for line in ["read --peek", "history", "agents", "tasks", "wait --timeout 0", "status"] {
      _ = try await sandbox.run(line.split(separator: " ").map(String.init), environment: ["COWORK_IDENTITY": "stranger"])
    }
    #expect(try await sandbox.sqlite3("SELECT group_concat(name) FROM agents WHERE name NOT IN ('code', 'cowork')") == "")
  }

  @Test func whoWaitsIsWokenByTheFirstMessageOfANewStore() async throws {
    let wait = try sandbox.start(["wait", "--as", "cowork", "--timeout", "60"])
    _ = try await sandbox.run("send", "cowork", "x")
    #expect(try await wait.outcome.status == 0)
  }

  @Test func theEnvironmentCounts() async throws {
    let environment = ["COWORK_IDENTITY": "reviewer", "COWORK_DATABASE_URL": "sqlite://\(sandbox.home)/other.db"]
    #expect(try await sandbox.run("send", "cowork", "x", environment: environment).status == 0)
    let read = try await sandbox.run("read", "--as", "cowork", "--database-url", "other.db", "--json").json
    #expect(try read.list("messages").map { $0["sender"] } == ["reviewer"])
    #expect(!FileManager.default.fileExists(atPath: sandbox.database))
    #expect(try await sandbox.run("read", environment: ["COWORK_IDENTITY": "No Name"]).status == 64)
  }

  @Test func whatTheUserOfAnExtensionLeftOutIsNotGiven() async throws {
    let lines = [
      #"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"#
        + #""clientInfo":{"name":"desktop","version":"1"}}}"#,
      #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
      #"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"send_message","arguments":{"to":"code","content":"x"}}}"#,
    ]
    let outcome = try await sandbox.run(
      "serve", "${user_config.identity}", "--database-url", "${user_config.database_url}", "--workspace", "${user_config.workspace}",
      input: lines.map { $0 + "\n" }.joined(), environment: ["COWORK_IDENTITY": "desk"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let history = try await sandbox.run("history", "--as", "desk", "--json")
    #expect(history.output.contains(#""sender":"desk""#), "\(history.output)")
  }

  @Test(arguments: [
    ("hepl", "--help"), ("versoin", "--version"), ("version", "--version"), ("list", "tasks"), ("message", "send"), ("log", "history"),
  ])
  func whatOtherProgramsCallACommandStartsNoServer(_ word: String, _ meant: String) async throws {
    let outcome = try await sandbox.run([word])
    #expect(outcome.status == 64 && outcome.errors.contains("did you mean \(meant)?"), "\(outcome.errors)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: sandbox.home).isEmpty)
  }

  @Test(
    arguments: [
      (["send", "cowork", "x", "--wait", "2m"], [:], "such as 30s."), (["prune", "--older-than", "3000-01-01"], [:], "lies in the future"),
      (["read"], ["COWORK_IDENTITY": "Bad Name"], "COWORK_IDENTITY"), (["read"], ["COWORK_WORKSPACE": "../x"], "COWORK_WORKSPACE"),
      (["read"], ["COWORK_LOG_LEVEL": "loud"], "COWORK_LOG_LEVEL"),
      (["send", "cowork", "x", "--database-url", "sqlite:///tmp/q.db?mode=ro"], [:], "takes no parameters"),
    ] as [([String], [String: String], String)])
  func aWrongValueIsToldByItsName(_ arguments: [String], _ environment: [String: String], _ sentence: String) async throws {
    let outcome = try await sandbox.run(arguments, environment: environment)
    #expect(outcome.status == 64 && outcome.errors.contains(sentence), "\(outcome.errors)")
  }

  @Test(arguments: ["send cowork hello", "tasks create cowork Title"])
  func whatWasDoneIsSaidWhereItCannotBeShown(_ line: String) async throws {
    let full = try await sandbox.shell("\"$0\" \(line) > /dev/full")
    #expect(full.status == 1 && full.errors.contains("do not repeat it"), "\(full.errors)")
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
