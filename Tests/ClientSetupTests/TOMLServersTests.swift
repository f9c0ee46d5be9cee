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

  static let openTable = String(table.dropLast())

  static let additions: [(String, String)] = [
    ("", table), ("\n", "\n\n" + table), ("a = 1\n", "a = 1\n\n" + table), ("a = 1\n\n", "a = 1\n\n\n" + table),
    ("a = 1", "a = 1\n\n" + openTable), ("a = 1\r\n# b", "a = 1\r\n# b\r\n\r\n" + openTable.replacing("\n", with: "\r\n")),
    ("\u{FEFF}a = 1\r\n", "\u{FEFF}a = 1\r\n\r\n" + table.replacing("\n", with: "\r\n")),
    ("[mcp_servers.y]\ncommand = 'z'\n", "[mcp_servers.y]\ncommand = 'z'\n\n" + table),
    ("[mcp_servers]\ny = { command = 'z' }\n", "[mcp_servers]\ny = { command = 'z' }\n\n" + table),
  ]

  @Test(arguments: additions)
  func aTableIsAddedAtTheEnd(before: String, after: String) throws {
    #expect(try installed(before) == after)
    #expect(try installed(after) == after)
    let gone = try edited(after) { try format.remove("x", from: &$0, earlier: nil) }
    #expect(gone == before)
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
      [mcp_servers]
      a.command = 'x'
      a.args = ["\\u00fc\\t", 'b\\', \"\"\"c\"\"\"]
      b = { command = "y", env = { "K" = "v" } }
      """
    let servers = try format.servers(in: EditedText(Array(text.utf8)))
    #expect(servers.map(\.name) == ["a", "b"])
    #expect(
      servers.map(\.entry) == [
        ServerEntry(command: "x", arguments: ["ü\t", "b\\", "c"]), ServerEntry(command: "y", arguments: [], environment: ["K": "v"]),
      ])
  }

  @Test(
    arguments: [
      (
        "a = 1\n\n[mcp_servers.x]\ncommand = 'x' # mine\n# of the next\n[mcp_servers.y]\nb = 1\n\n[mcp_servers.x.env]\nA = '1'\n",
        "a = 1\n\n# of the next\n[mcp_servers.y]\nb = 1\n"
      ),
      ("[mcp_servers.x]\ncommand=\"y\" # keep\nargs=[\"a\"] # two\n[mcp_servers.x.env]\nA=\"b\" # three\n", ""),
      ("# of others\n[mcp_servers.x] # mine\n# mine, too\ncommand = 'y'\n\n[z]\n", "# of others\n\n[z]\n"),
      ("[mcp_servers.x]\ncommand = 'y'\n\n[z]", "[z]"), ("a = 1\n[mcp_servers.x]\ncommand = 'y'", "a = 1"),
      ("a = 1\r\n\r\n[mcp_servers.x]\r\ncommand = 'y'\r\n\r\n[z]\r\n", "a = 1\r\n\r\n[z]\r\n"),
      ("a = 1\n", "a = 1\n"), ("mcp_servers = {}\n", "mcp_servers = {}\n"),
    ])
  func aRemovalTakesItsCommentsAndNoOthers(before: String, after: String) throws {
    #expect(try edited(before) { try format.remove("x", from: &$0, earlier: nil) } == after)
  }

  @Test(arguments: [
    "[mcp_servers.x]\nurl = 'https://y'\n", "[mcp_servers.x]\n[mcp_servers.x.env]\nA = 'y'\n", "[mcp_servers]\nx = { url = 'https://y' }\n",
  ])
  func anEntryThatStartsNoProgramIsNotRemoved(text: String) {
    #expect(throws: ForeignEntry.self) { try edited(text) { try format.remove("x", from: &$0, earlier: nil) } }
  }

  /// By name, and without a word of it.
  @Test(arguments: ["url = 'https://secret'", "command = '/bin/other'\nargs = ['secret']"])
  func anEntryOfAnotherProgramStaysInItsFile(pairs: String) throws {
    let folder = try SetupPlanTests.Folder()
    let file = folder.path + "/.codex/config.toml"
    let text = "[mcp_servers.bridge]\n\(pairs)\n"
    try folder.write(text, to: file)
    let codex = try #require(Client.all.first { $0.name == "codex" })
    let error = #expect(throws: SetupError.self) {
      _ = try SetupPlan(uninstalling: "bridge", from: codex, scope: .user, own: SetupPlanTests.own, places: folder.places)
    }
    #expect(error?.description.contains("\"bridge\"") == true)
    #expect(error?.description.contains("secret") == false)
    #expect(folder.read(file) == text)
  }

  @Test(
    arguments: [
      ("a = 1\nb = '\u{1B}'\n", "Line 2 holds a control character"), ("a = 1\rb = 2\n", "Line 1 holds a carriage return"),
      ("a = 1\n\"a\" = 2\n", "Line 2 defines a a second time"), ("a.b = 1\na = 2\n", "Line 2 defines a "),
      ("[x]\n[x]\n", "Line 2 defines x "), ("[x.\"y z\"]\na = 1\n[x]\n'y z' = 1\n", "Line 4 defines \"y z\" "),
      ("[a.b]\n[a]\nb.c = 1\n", "Line 3 defines b.c "), ("[[a]]\n[a]\n", "Line 2 defines a "), ("a = []\n[[a]]\n", "Line 2 defines a "),
      ("a = {b = 1, b.c = 2}\n", "Line 1 defines b.c "), ("a = {b = 1}\na.c = 2\n", "Line 2 defines a.c "),
      ("a.b = 1\n[a]\n", "Line 2 defines a "), ("a = [{b = 1, b = 2}]\n", "Line 1 defines b "),
      ("a = 01\n", "Line 1 has a value that"), ("a = yes\n", "Line 1 has a value that"), ("a = 1__0\n", "Line 1 has a value that"),
      ("a = 1.\n", "Line 1 has a value that"), ("a = 0b12\n", "Line 1 has a value that"), ("a = 1 2\n", "Line 1 has a value that"),
      ("\na = 'b\n", "Line 2 begins a text that"),
      ("a = 1\nb = \"\"\"\nc\n", "Line 2 begins a text that"), ("a = ''''''''''''\n", "Line 1 is not valid TOML"),
    ])
  func whatIsNoTOMLIsRefusedByItsLine(text: String, beginning: String) throws {
    let error = #expect(throws: TOMLError.self) { try format.servers(in: EditedText(Array(text.utf8))) }
    #expect(error?.description.hasPrefix(beginning) == true, "\(error?.description ?? "")")
    #expect(throws: TOMLError.self) { try installed(text) }
  }

  @Test func bytesThatAreNotUTF8AreRefusedByTheirLine() {
    let bytes = Array("a = 'ü'\n# ".utf8) + [0xFC] + Array("\nb = 1\n".utf8)
    let error = #expect(throws: TOMLError.self) { try format.servers(in: EditedText(bytes)) }
    #expect(error?.description == "Line 2 is not UTF-8: save the file as UTF-8.")
  }

  @Test func whatLooksAlikeIsNotTwice() throws {
    let text = #"""
      a.b.c = 1
      a.b.d = {c = 1, d.e = 2, d.f = [{c = 1}, {c = 2}]}
      "\u00e9" = 1_000
      "e\u0301" = -0.5e+10
      n = [+1, 0xDEAD_beef, 0o7, 0b1, inf, -nan, 07:32:00.5, 1979-05-27T00:32:00-07:00, true]
      [a.x]
      [[l]]
      x.y = 1
      [l.z]
      [[l]]
      x.y = 1
      [l.z]
      [t.u.v]
      [t]
      [t.u]
      w = """"quoted"""""

      """#
    #expect(try installed(text) == text + "\n" + Self.table)
  }

  @Test(
    arguments: [
      ("a = 1\nmcp_servers = {}\n", "Line 2 gives mcp_servers a value", "remove it"),
      ("[mcp_servers]\nx = { command = 'y' }\n", "Line 2 writes the server \"x\" as a value", "[mcp_servers.x]"),
      ("mcp_servers.x.command = 'y'\n", "Line 1 writes the server \"x\" by dotted keys", "[mcp_servers.x]"),
      ("[[mcp_servers.x]]\na = 1\n", "Line 1 begins an element of a list, [[mcp_servers.x]]", "[mcp_servers.x]."),
      ("[[mcp_servers]]\na = 1\n", "Line 1 begins an element of a list, [[mcp_servers]]", "[mcp_servers.NAME]."),
    ])
  func anotherFormIsNamedWithWhatToWrite(text: String, beginning: String, advice: String) throws {
    let error = #expect(throws: TOMLError.self) { try installed(text) }
    #expect(error?.description.hasPrefix(beginning) == true && error?.description.contains(advice) == true, "\(error?.description ?? "")")
  }

  /// Quadratic time would take hours.
  @Test(.timeLimit(.minutes(2))) func aLargeTextIsEditedInLinearTime() throws {
    let projects = (0..<50_000).map { "[projects.\"/p/\($0)\"]\ntrust_level = \"trusted\"\n" }.joined()
    let servers = (0..<20_000).map { "[mcp_servers.s\($0)]\ncommand = 'y'\n" }.joined()
    let inline = "i = {" + (0..<20_000).map { "k\($0) = 1" }.joined(separator: ", ") + "}\n"
    let before = inline + projects + servers
    let after = try installed(before)
    #expect(after == before + "\n" + Self.table)
    #expect(try edited(after) { try format.remove("x", from: &$0, earlier: nil) } == before)
  }
}
