import JSON
import Testing

@testable import ClientSetup

@Suite struct TOMLServersTests {
  private let format = TOMLServers()
  static let entry = ServerEntry(command: "/bin/x", arguments: ["code"], environment: ["A": "1"])

  private func edited(_ before: String, _ body: (inout EditedText) throws -> Void) throws -> String {
    var text = EditedText(Array(before.utf8))
    try body(&text)
    return String(decoding: text.bytes, as: UTF8.self)
  }

  private func installed(_ before: String, _ entry: ServerEntry = entry) throws -> String {
    try edited(before) { try format.install(entry, as: "x", in: &$0) }
  }

  static let table = "[mcp_servers.x]\ncommand = \"/bin/x\"\nargs = [\"code\"]\n\n[mcp_servers.x.env]\nA = \"1\"\n"

  @Test(
    arguments: [
      ("", table), ("a = 1\n", "a = 1\n\n" + table), ("a = 1", "a = 1\n\n" + table),
      ("\u{FEFF}a = 1\r\n", "\u{FEFF}a = 1\r\n\r\n" + table.replacing("\n", with: "\r\n")),
      ("[mcp_servers.y]\ncommand = 'z'\n", "[mcp_servers.y]\ncommand = 'z'\n\n" + table),
      ("[mcp_servers]\ny = { command = 'z' }\n", "[mcp_servers]\ny = { command = 'z' }\n\n" + table),
    ])
  func aTableIsAddedAtTheEnd(before: String, after: String) throws {
    #expect(try installed(before) == after)
    #expect(try installed(after) == after)
    let gone = try edited(after) { try format.remove("x", from: &$0, earlier: nil) }
    #expect(gone == before || gone == before + "\n")
  }

  @Test(
    arguments: [
      // Only what differs, with comments.
      (
        "# c\n[ mcp_servers . \"x\" ] # d\ncommand   = 'old' # e\nargs = [ # f\n 'a',\n]\nstartup_timeout_sec = 20 # g\n\n[mcp_servers.x.env] # h\nB = '2' # i\n[z]\n",
        "# c\n[ mcp_servers . \"x\" ] # d\ncommand   = \"/bin/x\" # e\nargs = [\"code\"]\nstartup_timeout_sec = 20 # g\n\n[mcp_servers.x.env] # h\nB = '2' # i\nA = \"1\"\n[z]\n"
      ),
      (
        "[mcp_servers.x]\ncommand = '/bin/x'\nargs = ['code']\nenv = { B = '2' }\n",
        "[mcp_servers.x]\ncommand = '/bin/x'\nargs = ['code']\nenv = { B = \"2\", A = \"1\" }\n"
      ),
      (
        "[mcp_servers.x]\nenv.B = '2' # c\ncommand = '/bin/x'\nargs = ['code']\n",
        "[mcp_servers.x]\nenv.B = '2' # c\nenv.A = \"1\"\ncommand = '/bin/x'\nargs = ['code']\n"
      ),
      (
        "[mcp_servers.x]\ncommand = '/bin/x' # c\n\n[z]\ncommand = 'other'\n",
        "[mcp_servers.x]\ncommand = '/bin/x' # c\nargs = [\"code\"]\n\n[mcp_servers.x.env]\nA = \"1\"\n\n[z]\ncommand = 'other'\n"
      ),
      (
        "[mcp_servers.x.env]\nA = '0'\n",
        "[mcp_servers.x.env]\nA = \"1\"\n\n[mcp_servers.x]\ncommand = \"/bin/x\"\nargs = [\"code\"]\n"
      ),
    ])
  func anEntryKeepsWhatElseItSays(before: String, after: String) throws {
    #expect(try installed(before) == after)
    #expect(try installed(after) == after)
  }

  /// What looks like the table is text.
  @Test func stringsAreNoTables() throws {
    let before =
      "a = \"\"\"\n[mcp_servers.x]\n\\\"\"\" \"\"\"\nb = '''\n[mcp_servers.x]\n'''\nc = [\"]\", '#', {d = \"}\"}] # [mcp_servers.x]\nd = 1979-05-27 07:32:00\n"
    #expect(try installed(before) == before + "\n" + Self.table)
  }

  @Test(arguments: [
    "mcp_servers = { x = { command = 'y' } }\n", "mcp_servers.x.command = 'y'\n", "[mcp_servers]\nx = { command = 'y' }\n",
    "[mcp_servers]\nx.command = 'y'\n", "[[mcp_servers]]\na = 1\n", "[[mcp_servers.x]]\na = 1\n",
    "[mcp_servers.x]\na = 1\n[mcp_servers.x]\nb = 1\n", "[mcp_servers.x]\nurl = 'https://y'\n", "a = \n", "a = 'b\n", "a = \"\"\"b", "[a\n",
    "a = [1, 2\n",
    "a = 1 b\n", "= 1\n", "a = {b = 1\n", "a = \"\\q\"\n",
  ])
  func whatCannotBeEditedSurelyIsRefused(text: String) throws {
    #expect(throws: (any Error).self) { try installed(text) }
  }

  @Test func everyFormIsRead() throws {
    let text = """
      mcp_servers.a.command = 'x'
      mcp_servers.a.args = ["\\u00fc\\t", 'b\\', \"\"\"c\"\"\"]
      [mcp_servers]
      b = { command = "y", env = { "K" = "v" } }
      """
    let servers = try format.servers(in: EditedText(Array(text.utf8)))
    #expect(servers.map(\.name) == ["a", "b"])
    #expect(
      servers.map(\.entry) == [
        ServerEntry(command: "x", arguments: ["ü\t", "b\\", "c"]), ServerEntry(command: "y", arguments: [], environment: ["K": "v"]),
      ])
  }

  @Test func aRemovalLeavesCommentsAndOthers() throws {
    let text = "a = 1\n\n[mcp_servers.x]\ncommand = 'x' # mine\n# of the next\n[mcp_servers.y]\nb = 1\n\n[mcp_servers.x.env]\nA = '1'\n"
    let rest = try edited(text) { try format.remove("x", from: &$0, earlier: nil) }
    #expect(rest == "a = 1\n # mine\n# of the next\n[mcp_servers.y]\nb = 1\n")
    #expect(try edited("a = 1\n") { try format.remove("x", from: &$0, earlier: nil) } == "a = 1\n")
  }
}
