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
      ("claude-desktop", .project, [:], nil, nil),
    ] as [(String, Client.Scope, [String: String], String?, String?)])
  func theFilesAreWhereTheClientReadsThem(
    name: String, scope: Client.Scope, environment: [String: String], servers: String?, hooks: String?
  ) throws {
    let client = try #require(Client.all.first { $0.name == name })
    let places = Places(environment: environment.merging(["HOME": "/home/me"]) { first, _ in first }, folder: "/shop")
    #expect(client.servers(scope, places) == servers)
    #expect(client.hooks(scope, places) == hooks)
    #expect(client.hasScope(scope) == (servers != nil))
  }

  #if os(Linux)
    @Test func claudeDesktopFollowsXDG() {
      #expect(Client.claudeDesktop.servers(.user, Self.places) == "/home/me/.config/Claude/claude_desktop_config.json")
      let places = Places(environment: ["XDG_CONFIG_HOME": "/x"], folder: "/")
      #expect(Client.claudeDesktop.servers(.user, places) == "/x/Claude/claude_desktop_config.json")
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
  func aWordIsQuotedForAShell(word: String, quoted: String) { #expect(word.shellQuoted == quoted) }
}

@Suite struct LineDiffTests {
  @Test(
    arguments: [
      ("a\n", "a\n", ""),
      (nil, "a\nb\n", "--- /dev/null\n+++ f\n@@ -0,0 +1,2 @@\n+a\n+b\n"),
      ("a\n", "b\n", "--- f\n+++ f\n@@ -1,1 +1,1 @@\n-a\n+b\n"),
      ("1\n2\n3\n4\n5\n", "1\n2\n3\n4\n5\n6\n", "--- f\n+++ f\n@@ -3,3 +3,4 @@\n 3\n 4\n 5\n+6\n"),
      (
        "x\n1\n2\n3\n4\n5\n6\n7\ny\n", "1\n2\n3\n4\n5\n6\n7\n",
        "--- f\n+++ f\n@@ -1,4 +1,3 @@\n-x\n 1\n 2\n 3\n@@ -6,4 +5,3 @@\n 5\n 6\n 7\n-y\n"
      ),
    ] as [(String?, String, String)])
  func theDifferenceIsUnified(old: String?, new: String, difference: String) {
    #expect(LineDiff.between(old, new, name: "f") == difference)
  }
}
