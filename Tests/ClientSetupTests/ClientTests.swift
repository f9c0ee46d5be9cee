import Foundation
import JSON
import Testing

@testable import ClientSetup

@Suite struct ClientTests {
  static let places = Places(environment: ["HOME": "/home/me", "EMPTY": ""], folder: "/shop")

  @Test(
    arguments: [
      ("claude-code", Client.Scope.user, [:], "/home/me/.claude.json", "/home/me/.claude/settings.json"),
      ("claude-code", .user, ["CLAUDE_CONFIG_DIR": "/c"], "/c/.claude.json", "/c/settings.json"),
      ("claude-code", .user, ["CLAUDE_CONFIG_DIR": ""], "/home/me/.claude.json", "/home/me/.claude/settings.json"),
      ("claude-code", .project, [:], "/shop/.mcp.json", "/shop/.claude/settings.json"),
      ("claude-desktop", .project, [:], nil, nil), ("codex", .user, [:], "/home/me/.codex/config.toml", nil),
      ("codex", .user, ["CODEX_HOME": "/c"], "/c/config.toml", nil), ("codex", .project, [:], "/shop/.codex/config.toml", nil),
      ("gemini", .user, [:], "/home/me/.gemini/settings.json", nil), ("cursor", .project, [:], "/shop/.cursor/mcp.json", nil),
      ("vscode", .project, [:], "/shop/.vscode/mcp.json", nil), ("opencode", .user, [:], "/home/me/.config/opencode/opencode.json", nil),
      ("opencode", .user, ["XDG_CONFIG_HOME": "/x"], "/x/opencode/opencode.json", nil),
      ("windsurf", .user, [:], "/home/me/.config/devin/mcp_config.json", nil), ("zed", .project, [:], "/shop/.zed/settings.json", nil),
      ("qwen", .user, [:], "/home/me/.qwen/settings.json", nil),
    ] as [(String, Client.Scope, [String: String], String?, String?)])
  func theFilesAreWhereTheClientReadsThem(
    name: String, scope: Client.Scope, environment: [String: String], servers: String?, hooks: String?
  ) throws {
    let client = try #require(Client.all.first { $0.name == name })
    let places = Places(environment: environment.merging(["HOME": "/home/me"]) { first, _ in first }, folder: "/shop")
    #expect(client.files(scope, places).first == servers)
    #expect(client.settings(scope, places) == hooks)
    #expect(client.hasScope(scope) == (servers != nil))
  }

  #if os(Linux)
    @Test func claudeDesktopFollowsXDG() {
      #expect(Client.claudeDesktop.files(.user, Self.places) == ["/home/me/.config/Claude/claude_desktop_config.json"])
      let places = Places(environment: ["XDG_CONFIG_HOME": "/x"], folder: "/")
      #expect(Client.claudeDesktop.files(.user, places) == ["/x/Claude/claude_desktop_config.json"])
    }
  #endif

  @Test func everyClientHasANameOfItsOwn() {
    #expect(Set(Client.all.map(\.name)).count == Client.all.count)
    #expect(Set(Client.all.map(\.title)).count == Client.all.count)
  }

  @Test(
    arguments: [
      (["code"], "code", nil), (["serve", "reviewer"], "reviewer", nil), ([], nil, nil), (["--database-url", "x", "code"], "code", "x"),
      (["--database-url=x", "code"], "code", "x"), (["code", "--database-url"], "code", nil), (["--workspace", "shop"], nil, nil),
      (["--", "bob"], "bob", nil), (["serve", "--database-url", "x", "--", "bob"], "bob", "x"), (["--"], nil, nil),
    ] as [([String], String?, String?)])
  func anEntryTellsItsArguments(arguments: [String], positional: String?, url: String?) {
    let entry = ServerEntry(command: "c", arguments: arguments)
    #expect(entry.positional == positional)
    #expect(entry.option("--database-url") == url)
  }

  @Test func anEntryIsReadFromJSON() throws {
    let json: JSON = ["command": "c", "args": ["a", 1, "b"], "env": ["X": "y", "N": 1]]
    #expect(ServerEntry(json) == ServerEntry(command: "c", arguments: ["a", "b"], environment: ["X": "y"]))
    #expect(ServerEntry(["url": "https://example.com"]) == nil)
  }

  @Test(arguments: [
    ("/usr/bin/x", "/usr/bin/x"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("", "''"), ("$HOME", "'$HOME'"), ("ü", "'ü'"),
  ])
  func aWordIsQuotedForAShell(word: String, quoted: String) {
    #expect(word.shellQuoted == quoted)
    #expect("a \(quoted);b".shellWords == ["a", word, ";", "b"])
  }

  @Test func optionsAndTheIdentityAreReplacedInPlace() {
    var entry = ServerEntry(command: "c", arguments: ["--wake", "off", "lead", "--database-url=x"])
    entry.setPositional("code")
    entry.setOption("--database-url", to: "y")
    entry.setOption("--workspace", to: "shop")
    #expect(entry.arguments == ["--wake", "off", "code", "--database-url", "y", "--workspace", "shop"])
    entry.setOption("--database-url", to: nil)
    entry.setOption("--wake", to: nil)
    #expect(entry.arguments == ["code", "--workspace", "shop"])
    entry.arguments = ["serve", "--workspace", "shop"]
    entry.setPositional("code")
    #expect(entry.arguments == ["serve", "code", "--workspace", "shop"])
    entry.arguments = ["--", "bob"]
    entry.setPositional("code")
    entry.setOption("--workspace", to: "shop")
    #expect(entry.arguments == ["--workspace", "shop", "--", "code"])
  }

  @Test func aCommandThatHangsIsStoppedWithWhatItStarted() async throws {
    let folder = try SetupPlanTests.Folder()
    let start = ContinuousClock.now
    let failure = ClientTool.run(["/bin/sh", "-c", "sleep 1000 & echo $! > '\(folder.path)/pid'; wait"], limit: .seconds(1))
    #expect(failure == "it did not end within 1 s and was stopped")
    #expect(ContinuousClock.now - start < .seconds(60))
    let pid = try #require(folder.read(folder.path + "/pid").flatMap { Int32($0.trimmingCharacters(in: .newlines)) })
    while kill(pid, 0) == 0, (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8))?.contains(") Z") == false {
      await Task.yield()
    }
  }
}

@Suite struct ChangeTextTests {
  private func change(_ text: String, _ body: (inout JSONText) throws -> Void) throws -> String {
    var json = try JSONText(EditedText(Array(text.utf8)), allowsComments: true)
    try body(&json)
    return ChangeText.of(json.text, name: "f", isNew: text.isEmpty, hiding: ["s3cret"])
  }

  @Test func onlyOurLinesAreShown() throws {
    let before = "{\n  \"a\": \"theirs\"\n}\n"
    #expect(try change(before) { try $0.set(["b"], to: "ours") } == "--- f\n+++ f\n@@ line 2 @@\n+  \"b\": \"ours\"\n")
    #expect(try change("{\"a\": \"theirs\"}") { try $0.set(["b"], to: "ours") } == "--- f\n+++ f\n@@ line 1 @@\n+…, \"b\": \"ours\"…\n")
    #expect(try change(before) { try $0.set(["a"], to: 2) } == "--- f\n+++ f\n@@ line 2 @@\n-  \"a\": \"theirs\"\n+  \"a\": 2\n")
    #expect(try change("") { try $0.set(["a"], to: "s3cret") } == "--- /dev/null\n+++ f\n@@ line 1 @@\n+{\n+  \"a\": \"…\"\n+}\n")
    #expect(try change(before) { try $0.remove([.key("none")]) } == "")
  }
}
