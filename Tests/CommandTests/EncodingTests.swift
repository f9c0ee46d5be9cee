import Foundation
import JSON
import ProcessTesting
import Testing

/// What is not UTF-8 would become another text or another path, so it is refused.
@Suite(.timeLimit(.minutes(5))) struct EncodingTests {
  let sandbox: Sandbox
  init() throws { sandbox = try Sandbox() }

  @Test(arguments: [
    ("send cowork \"$(printf 'Gr\\366\\337e')\"", 3), ("send cowork x --key \"$(printf 'a\\351')\"", 5),
    ("send cowork x --database-url \"$(printf 'a\\351/x.db')\"", 5), ("send cowork --file \"$(printf 'a\\351')\"", 4),
    ("\"$(printf '\\351')\"", 1), ("hook \"$(printf '\\355\\240\\275')\"", 2),
  ])
  func anArgumentIsNamedByItsPlace(_ line: String, _ place: Int) async throws {
    let outcome = try await sandbox.shell("\"$0\" \(line)")
    #expect(outcome.status == 64 && outcome.errors.contains("Argument \(place) is not UTF-8 text"), "\(outcome)")
    #expect(sandbox.files.isEmpty)
  }

  @Test func whoWantsJSONIsToldInJSON() async throws {
    let outcome = try await sandbox.shell("\"$0\" install cursor --json --name \"$(printf '\\351')\"")
    #expect(outcome.status == 64 && outcome.errors == "")
    #expect(try outcome.json.text("error").contains("Argument 5 is not UTF-8 text"))
  }

  @Test(arguments: ["HOME", "COWORK_DATABASE_URL", "COWORK_SESSION", "COWORK_IDENTITY", "COWORK_WORKSPACE", "COWORK_LOG_LEVEL"])
  func aVariableIsNamed(_ variable: String) async throws {
    let line = "export \(variable)=\"$(printf '\(sandbox.home)/a\\351')\""
    for command in ["send cowork x", "serve </dev/null"] {
      let outcome = try await sandbox.shell("\(line); \"$0\" \(command)")
      #expect(outcome.status == 64 && outcome.errors.contains("\(variable) is no"), "\(outcome)")
    }
    let hook = try await sandbox.shell("\(line); echo '{}' | \"$0\" hook SessionStart")
    #expect(hook.status == 0 && (variable == "COWORK_LOG_LEVEL" || hook.output.contains("\(variable) is no")), "\(hook)")
    #expect(try await sandbox.shell("\(line); \"$0\" --help").status == 0)
    #expect(sandbox.files.isEmpty)
  }

  @Test(arguments: [("HOME", "cursor"), ("CODEX_HOME", "codex"), ("CLAUDE_CONFIG_DIR", "claude-code"), ("XDG_CONFIG_HOME", "opencode")])
  func aVariableOfAClientIsNamed(_ variable: String, _ client: String) async throws {
    for command in ["install", "uninstall"] {
      let outcome = try await sandbox.shell("\(variable)=\"$(printf '\(sandbox.home)/a\\351')\" \"$0\" \(command) \(client)")
      #expect(outcome.status != 0 && outcome.errors.contains("\(variable) is no absolute path in UTF-8"), "\(outcome)")
    }
    #expect(sandbox.files.isEmpty)
  }

  @Test func anEmptyHomeIsNoHomeOfAClient() async throws {
    let outcome = try await sandbox.run("uninstall", "cursor", environment: ["HOME": ""])
    #expect(outcome.status == 1 && outcome.errors.contains("HOME is no absolute path"), "\(outcome)")
  }

  @Test func halfOfASurrogatePairIsRefused() async throws {
    let calls = [#"{"to":"cowork","content":"a\ud800b"}"#, #"{"to":"cowork","content":"x","idempotency_key":"k\udbff"}"#].enumerated().map {
      #"{"jsonrpc":"2.0","id":\#($0),"method":"tools/call","params":{"name":"send_message","arguments":\#($1)}}"#
    }
    let lines =
      [
        #"{"jsonrpc":"2.0","id":"i","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t"}}}"#,
        #"{"jsonrpc":"2.0","id":"\ud83d","method":"ping"}"#,
      ] + calls
    let outcome = try await sandbox.run("serve", "code", input: lines.map { $0 + "\n" }.joined())
    let answers = try outcome.output.split(separator: "\n").map { try JSON(decoding: String($0)) }
    let refused = try #require(answers.first { $0["error"] != nil })
    #expect(refused["error"]?["code"] == -32600 && refused["id"] == nil)
    for (id, argument) in ["content", "idempotency_key"].enumerated() {
      let result = try #require(answers.first { $0["id"] == .integer(Int64(id)) }?["result"])
      #expect(result["isError"] == true)
      let sentence = result["content"]?.arrayValue?.first?["text"]?.stringValue
      #expect(sentence?.contains("`\(argument)` of send_message contains half of a surrogate pair") == true)
    }
    #expect(try await sandbox.sqlite3("SELECT count(*) FROM messages") == "0")
  }

  // The file systems of macOS have only names in UTF-8.
  #if os(Linux)
    private let folder = "f=\"$(printf 'a\\351')\"; mkdir \"$f\""

    @Test(arguments: ["send cowork x --database-url x.db", "send cowork x --database-url new/x.db", "copy --from y.db --to ./x.db"])
    func aRelativePathNeedsAFolderOfText(_ command: String) async throws {
      let outcome = try await sandbox.shell("\(folder); cd \"$f\"; \"$0\" \(command); echo $?; ls ..; ls")
      #expect(outcome.errors.contains(".db leads to a folder whose path is not UTF-8"), "\(outcome)")
      #expect(outcome.output.split(separator: "\n").map(String.init) == ["64", "a\u{FFFD}"])
    }

    @Test func theStoreMayBeElsewhere() async throws {
      let outcome = try await sandbox.shell("\(folder); cd \"$f\"; echo x >y; \"$0\" send cowork --file y; ls ..")
      #expect(outcome.status == 0 && outcome.output.hasSuffix("\na\u{FFFD}\n"), "\(outcome)")
    }

    @Test func aLinkMayNotLeadThere() async throws {
      #expect(try await sandbox.shell("\(folder); ln -s \"$f\" folder; ln -s folder .codex").status == 0)
      for path in ["folder/x.db", "folder/new/x.db"] {
        let outcome = try await sandbox.run("send", "cowork", "x", "--database-url", path)
        #expect(outcome.status == 64 && outcome.errors.contains("\(path) leads to a folder whose path is not UTF-8"), "\(outcome)")
      }
      let home = try await sandbox.run("send", "cowork", "x", environment: ["HOME": "\(sandbox.home)/folder"])
      #expect(home.status == 64 && home.errors.contains("/folder/.cowork-code-mcp/messages.db leads to a folder"), "\(home)")
      let installed = try await sandbox.run("install", "codex")
      #expect(installed.status == 1 && installed.errors.contains("leads to a folder whose path is not UTF-8"), "\(installed)")
      #expect(try await sandbox.shell("ls -A; ls -A folder/").output == ".codex\na\u{FFFD}\nfolder\n")
    }

    @Test func aProjectMayNotBeThere() async throws {
      let line = "\(folder); cd \"$f\"; \"$0\" install claude-code --scope project; echo $?; ls -A; ls .."
      let outcome = try await sandbox.shell(line)
      #expect(outcome.output == "1\na\u{FFFD}\n" && outcome.errors.contains("The path of the current folder is not UTF-8"), "\(outcome)")
    }

    @Test func aProgramThatIsWrittenDownMayNotBeThere() async throws {
      let outcome = try await sandbox.shell("\(folder); ln -s \"$0\" \"$f/p\"; \"$f/p\" install cursor; echo $?; ls -A")
      #expect(outcome.output == "1\na\u{FFFD}\n" && outcome.errors.contains("start it by its path, which must be UTF-8"), "\(outcome)")
    }

    @Test func aStoreThatIsWrittenDownMayNotBeThere() async throws {
      let outcome = try await sandbox.shell("\(folder); cd \"$f\"; \"$0\" install cursor --database-url x.db; echo $?")
      #expect(outcome.output == "64\n" && outcome.errors.contains("leads to a folder whose path is not UTF-8"), "\(outcome)")
    }
  #endif
}
