import Foundation
import JSON
import ProcessTesting
import Testing

extension RealProcesses {
  /// What options, variables and an entry that is there make `install` refuse, and how it says so.
  @Suite struct InstallOptionTests {
    static let password = "postgres://me:s3cret@db/x"

    /// In one line without the usage, since the command line is right.
    private func expectSentence(_ outcome: Outcome, _ parts: String..., at place: SourceLocation = #_sourceLocation) {
      #expect(outcome.status == 1, "\(outcome)", sourceLocation: place)
      #expect(outcome.errors.split(separator: "\n").count == 1 && outcome.output == "", "\(outcome)", sourceLocation: place)
      for part in parts { #expect(outcome.errors.contains(part), "\(outcome)", sourceLocation: place) }
      #expect(!outcome.errors.contains("s3cret"), sourceLocation: place)
    }

    // MARK: Secrets

    static let secrets = [
      "PGPASSWORD=s3cret", "GITHUB_TOKEN=s3cret", "api_key=s3cret", "APIKEY=s3cret", "DB_PASS=s3cret", "AWS_SECRET_ACCESS_KEY=s3cret",
      "TOKEN_2=s3cret", "OTHER_URL=https://me:s3cret@example.com/", "OTHER=host=db password=s3cret", "COWORK_DATABASE_URL=\(password)",
    ]

    @Test(arguments: secrets) func aSecretReachesNoSharedFile(variable: String) async throws {
      let sandbox = try Sandbox()
      for client in ["claude-code", "codex", "gemini", "cursor", "vscode", "opencode", "windsurf", "zed", "qwen"] {
        let options = ["--scope", "project", "--env", variable, "--write-password"]
        let outcome = try await sandbox.install(["install", client] + options)
        #expect(outcome.status == 64 && outcome.errors.contains("shared") && !outcome.errors.contains("s3cret"), "\(outcome)")
      }
      #expect(sandbox.files == [])
    }

    @Test(arguments: secrets) func aSecretIsWrittenForItsUserOnlyWhereThatIsWished(variable: String) async throws {
      let sandbox = try Sandbox()
      let words = ["install", "cursor", "--env", variable]
      let refused = try await sandbox.install(words)
      #expect(refused.status == 64 && refused.errors.contains("--write-password") && !refused.errors.contains("s3cret"), "\(refused)")
      #expect(sandbox.files == [])
      let outcome = try await sandbox.install(words + ["--write-password"])
      let name = String(variable.prefix { $0 != "=" })
      #expect(outcome.status == 0 && !outcome.output.contains("s3cret"), "\(outcome)")
      #expect(outcome.output.contains("holds a secret in \(name),"), "\(outcome)")
      let entry = try sandbox.json(".cursor/mcp.json")["mcpServers"]?["cowork-bridge"]
      #expect(entry?["env"] == [name: .string(String(variable.dropFirst(name.count + 1)))])
    }

    @Test(arguments: [
      "PGPASSFILE=~/.pgpass", "TOKEN_FILE=/x", "MAX_TOKENS=7", "KEYBOARD=us", "PWD=/x", "PGPASSWORD=",
      "OTHER_URL=https://me@example.com:8/",
    ]) func whatIsNoSecretIsWritten(variable: String) async throws {
      let sandbox = try Sandbox()
      let outcome = try await sandbox.install(["install", "cursor", "--scope", "project", "--env", variable])
      #expect(outcome.status == 0, "\(outcome)")
    }

    // MARK: A password in the arguments of an entry that is there

    private func write(_ arguments: String, to path: String, _ sandbox: Sandbox, _ extra: String = "") throws {
      let entry = "{\"command\": \"\(Program.path)\", \"args\": [\(arguments)]\(extra)}"
      try sandbox.write("{\"mcpServers\": {\"cowork-bridge\": \(entry)}}", to: path)
    }

    @Test(arguments: [
      #""rev", "--database-url", "postgres://me:s3cret@db/x""#, #""rev", "--database-url=postgres://me:s3cret@db/x""#,
      #""rev", "--database-url", "postgres:\/\/me:s3cret\u0040db/x""#,
      #""rev", "--database-url", "/x.db", "--database-url", "postgres://me:s3cret@db/x""#,
    ]) func aPasswordMovesFromTheArgumentsToTheVariables(arguments: String) async throws {
      let sandbox = try Sandbox()
      try write(arguments, to: ".claude.json", sandbox)
      let before = sandbox.read(".claude.json")
      let words = ["install", "claude-code", "--identity", "q"]
      let refused = try await sandbox.install(words)
      expectSentence(refused, "the entry \"cowork-bridge\" of Claude Code", "arguments hold a password", "--write-password")
      #expect(sandbox.read(".claude.json") == before && sandbox.backups == [])
      for options in [["--dry-run"], []] {
        let outcome = try await sandbox.install(words + ["--write-password"] + options)
        #expect(outcome.status == 0 && !outcome.output.contains("s3cret"), "\(outcome)")
        #expect(outcome.output.contains("holds a secret in COWORK_DATABASE_URL,"), "\(outcome)")
      }
      let entry = try sandbox.json(".claude.json")["mcpServers"]?["cowork-bridge"]
      #expect(entry?["args"] == ["q"] && entry?["env"] == ["COWORK_DATABASE_URL": .string(Self.password)])
    }

    @Test func anotherStoreTakesThePasswordAway() async throws {
      let sandbox = try Sandbox()
      try write("\"rev\", \"--database-url\", \"\(Self.password)\"", to: ".claude.json", sandbox)
      let outcome = try await sandbox.install(["install", "claude-code", "--database-url", "postgres://me@db/x"])
      #expect(outcome.status == 0 && !outcome.output.contains("s3cret"), "\(outcome)")
      #expect(try sandbox.json(".claude.json")["mcpServers"]?["cowork-bridge"]?["args"] == ["rev", "--database-url", "postgres://me@db/x"])
    }

    @Test func aPasswordStaysOutOfTheVariablesOfASharedFile() async throws {
      let sandbox = try Sandbox()
      try write("\"rev\", \"--database-url\", \"\(Self.password)\"", to: ".cursor/mcp.json", sandbox)
      let outcome = try await sandbox.install(["install", "cursor", "--scope", "project", "--write-password"])
      expectSentence(outcome, "arguments hold a password", "give --database-url without a password")
    }

    // MARK: Arguments of an entry that is there

    @Test(arguments: [
      ([], #""--", "bob""#, ["--", "bob"]), (["--workspace", "shop"], #""--", "bob""#, ["--workspace", "shop", "--", "bob"]),
      (["--identity", "q"], #""--", "bob""#, ["--", "q"]), (["--identity", "q"], #""Bad Name""#, ["q"]),
      (["--workspace", "shop"], #""code", "--workspace""#, ["code", "--workspace", "shop"]),
    ])
    func argumentsThatWorkStay(options: [String], before: String, after: [String]) async throws {
      let sandbox = try Sandbox()
      try write(before, to: ".cursor/mcp.json", sandbox)
      let outcome = try await sandbox.install(["install", "cursor"] + options)
      #expect(outcome.status == 0, "\(outcome)")
      let entry = try sandbox.json(".cursor/mcp.json")["mcpServers"]?["cowork-bridge"]
      #expect(entry?["args"]?.arrayValue?.compactMap(\.stringValue) == after)
    }

    @Test(arguments: [
      (#""code", "extra""#, "extra"), (#""send", "cowork", "hi""#, "the command send"), (#""--bogus""#, "--bogus"),
      (#""code", "--protocol", "zzz""#, "zzz"), (#""Bad Name", "--bogus""#, "\"Bad Name\" is not a name"),
      (#""--version""#, "only print"), (#""code", "postgres://me:s3cret@db/x""#, "…"),
      (#""--database-url", "/x.db", "read""#, "use serve read"),
    ])
    func argumentsThatStartNoServerAreNamed(arguments: String, reason: String) async throws {
      let sandbox = try Sandbox()
      try write(arguments, to: ".cursor/mcp.json", sandbox)
      let before = sandbox.read(".cursor/mcp.json")
      let outcome = try await sandbox.install(["install", "cursor"])
      expectSentence(outcome, "the entry \"cowork-bridge\" of Cursor would not work, and nothing was changed", reason, "uninstall it")
      #expect(sandbox.read(".cursor/mcp.json") == before && sandbox.backups == [])
      let doctor = try await sandbox.install(["doctor", "--json"])
      let check = try #require(doctor.json["checks"]?.arrayValue?.first { $0["subject"] == "clients" })
      #expect(doctor.status == 1 && check["verdict"] == "failure" && !doctor.output.contains("s3cret"), "\(doctor)")
      #expect(check["found"]?.stringValue?.contains(reason) == true && check["advice"]?.stringValue?.contains("uninstall it") == true)
      // The advice helps.
      for command in ["uninstall", "install"] { #expect(try await sandbox.install([command, "cursor"]).status == 0) }
      #expect(try sandbox.json(".cursor/mcp.json")["mcpServers"]?["cowork-bridge"]?["args"] == ["cursor"])
    }

    /// Its variables count, and not those of whoever looks at it.
    @Test func anEntryIsJudgedByItsOwnVariables() async throws {
      let sandbox = try Sandbox()
      let others = ["COWORK_IDENTITY": "Bad Name", "COWORK_WAKE": "loud"]
      try write(#""--database-url", "/x.db""#, to: ".cursor/mcp.json", sandbox)
      #expect(try await sandbox.install(["install", "cursor"], others).status == 0)
      #expect(try await sandbox.install(["doctor"], others).output.contains("cowork-bridge, as cursor on /x.db"))
      try write(#""cursor""#, to: ".cursor/mcp.json", sandbox, #", "env": {"COWORK_WAKE": "loud"}"#)
      expectSentence(try await sandbox.install(["install", "cursor"]), "COWORK_WAKE")
      #expect(try await sandbox.install(["doctor"]).status == 1)
    }

    // MARK: Stores

    @Test(arguments: ["host=db", "db:5432/x", "", " ", "http://x/"]) func aBadStoreIsNoPath(url: String) async throws {
      let sandbox = try Sandbox()
      let lines = [
        ["install", "zed", "--dry-run"], ["install", "codex"], ["read"], ["status"], ["doctor"], ["agents"], ["migrate"], ["serve", "x"],
      ]
      for line in lines {
        let outcome = try await sandbox.install(line + ["--database-url", url])
        #expect(outcome.status == 64, "\(line) \(outcome)")
        let name = url.contains { $0 != " " } ? "The database URL" : "--database-url is empty"
        #expect(outcome.errors.contains(name) && !outcome.errors.contains(sandbox.home), "\(line) \(outcome)")
      }
      #expect(sandbox.files == [])
    }

    /// A client starts its servers elsewhere.
    @Test func aRelativeStoreInAVariableIsMadeAbsolute() async throws {
      let sandbox = try Sandbox()
      let words = ["install", "cursor", "--env", "COWORK_DATABASE_URL=x.db"]
      #expect(try await sandbox.install(words, folder: sandbox.home).status == 0)
      let entry = try sandbox.json(".cursor/mcp.json")["mcpServers"]?["cowork-bridge"]
      #expect(entry?["env"]?["COWORK_DATABASE_URL"]?.stringValue?.hasSuffix("/x.db") == true, "\(entry as Any)")
      #expect(entry?["env"]?["COWORK_DATABASE_URL"]?.stringValue?.hasPrefix("/") == true)
      #expect(try await sandbox.install(words + ["--scope", "project"], folder: sandbox.home).status == 64)
    }

    // MARK: Folders

    @Test(arguments: [("CODEX_HOME", "codex"), ("CLAUDE_CONFIG_DIR", "claude-code")], ["x", "~/x", "./x"])
    func aRelativeFolderOfAClientIsRefused(client: (variable: String, name: String), folder: String) async throws {
      let sandbox = try Sandbox()
      for command in ["install", "uninstall"] {
        let outcome = try await sandbox.install([command, client.name], [client.variable: folder])
        expectSentence(outcome, "\(client.variable) is no absolute path")
      }
      #expect(sandbox.files == [])
      // It does not concern others, nor a project's file.
      #expect(try await sandbox.install(["install", "cursor"], [client.variable: folder]).status == 0)
      #expect(try await sandbox.install(["install", client.name, "--scope", "project"], [client.variable: folder]).status == 0)
    }

    @Test func aRelativeFolderOfTheXDGSpecificationIsIgnored() async throws {
      let sandbox = try Sandbox()
      let outcome = try await sandbox.install(["install", "opencode"], ["XDG_CONFIG_HOME": "x"])
      #expect(outcome.status == 0, "\(outcome)")
      #expect(sandbox.read(".config/opencode/opencode.json") != nil && !sandbox.files.contains("x"))
    }

    // MARK: Sentences

    @Test func anEntryOfAnotherServerHasOneRemedy() async throws {
      let sandbox = try Sandbox()
      try sandbox.write(#"{"mcpServers": {"cowork-bridge": {"url": "https://x"}}}"#, to: ".cursor/mcp.json")
      let outcome = try await sandbox.install(["install", "cursor"])
      expectSentence(outcome, "choose another --name.")
      #expect(!outcome.errors.contains("orrect"), "\(outcome)")
    }

    @Test func theAdviceFitsTheFailure() async throws {
      let sandbox = try Sandbox()
      try sandbox.write("", to: ".cursor")
      expectSentence(try await sandbox.install(["install", "cursor"]), "a part of its path is a file")
      try sandbox.link("a", to: "b")
      try sandbox.link("b", to: "a")
      try sandbox.link(".gemini/settings.json", to: sandbox.home + "/a")
      expectSentence(try await sandbox.install(["install", "gemini"]), "its links lead in a circle")
    }

    @Test func theEntryThatIsThereIsNamed() async throws {
      let sandbox = try Sandbox()
      try write("\"rev\", \"--database-url\", \"/x.db\"", to: ".claude.json", sandbox)
      let workspace = try await sandbox.install(["install", "claude-code", "--workspace", "shop"])
      expectSentence(workspace, "the entry \"cowork-bridge\" of Claude Code", "exclude each other")
      try write("\"rev\"", to: ".claude.json", sandbox, ", \"env\": {\"COWORK_DATABASE_URL\": \"\(Self.password)\"}")
      let hooks = try await sandbox.install(["install", "claude-code", "--hooks"])
      expectSentence(hooks, "the entry \"cowork-bridge\" of Claude Code", "holds a password")
    }

    @Test func aDryRunSaysThatNothingWasWritten() async throws {
      let sandbox = try Sandbox()
      let words = ["install", "cursor", "--dry-run"]
      let text = try await sandbox.install(words).output
      #expect(text.hasSuffix("Nothing was written: to do so, run this again without --dry-run.\n"), "\(text)")
      #expect(try await sandbox.install(words + ["--json"]).json["next_step"]?.stringValue?.contains("Nothing was written") == true)
      _ = try await sandbox.install(["install", "cursor"])
      #expect(try await sandbox.install(words).output.hasSuffix(": nothing to change.\n"))
    }

    @Test(
      arguments: [
        (["install", "nobody"], 64), (["install"], 64), (["install", "cursor", "--env", "PGPASSWORD=s3cret"], 64),
        (["install", "cursor", "--name", "other server"], 64), (["install", "gemini"], 1), (["uninstall", "gemini"], 1),
      ] as [([String], Int32)]) func anErrorIsJSONWhereThatIsWished(words: [String], status: Int32) async throws
    {
      let sandbox = try Sandbox()
      try sandbox.write("{", to: ".gemini/settings.json")
      let plain = try await sandbox.install(words)
      let outcome = try await sandbox.install(words + ["--json"])
      #expect(plain.status == status && outcome.status == status && outcome.errors == "", "\(outcome)")
      let report = try outcome.json
      let sentence = try #require(report["error"]?.stringValue)
      #expect(report.objectValue?.keys == ["error"] && !sentence.contains("s3cret") && !sentence.contains("Usage"))
      #expect(plain.errors.contains(sentence), "\(plain) \(sentence)")
    }
  }
}
