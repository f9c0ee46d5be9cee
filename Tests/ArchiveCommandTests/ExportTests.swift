import Foundation
import JSON
import ProcessTesting
import SystemSupport
import Testing

@Suite struct ExportTests {
  let sandbox: Sandbox
  init() throws { sandbox = try Sandbox() }

  private var other: String { sandbox.home + "/other.db" }

  private func fill() async throws {
    _ = try await sandbox.run("send", "cowork", "first", "--key", "k")
    try await sandbox.sqlite3("UPDATE message_details SET reply_to = 'r'")
    _ = try await sandbox.run("read", "--as", "cowork")
    let task = try await sandbox.run("tasks", "create", "cowork", "Look", "--json").json.text("task_id")
    _ = try await sandbox.run("tasks", "update", task, "in_progress", "--as", "cowork")
    try await sandbox.sqlite3(
      """
      INSERT INTO messages VALUES (x'00ff', 'cowork', 'code', x'00ff01', NULL, 'now'), ('nul', NULL, 'code', CAST(x'610062ff' AS TEXT), 2, NULL),
        ('line', 'cowork', 'code', 'a' || char(10) || char(8232) || '"\\', 0, '2026-01-31 12:00:00')
      """)
  }

  @Test func whatWasExportedIsImportedByteForByteAndOnce() async throws {
    try await fill()
    let file = sandbox.home + "/e.jsonl"
    #expect(try await sandbox.run("export", "--output", file).status == 0)
    let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? NSNumber
    #expect(mode?.intValue == 0o600)
    let first = try await sandbox.run("import", file, "--database-url", other)
    #expect(first.status == 0 && first.output.hasPrefix("Imported 4 messages, 1 task and 2 agents; 0 brought up to date, 0 there already."))
    let second = try await sandbox.run(
      "import", "--json", "--database-url", other, input: try String(contentsOfFile: file, encoding: .utf8)
    ).json
    #expect(second["messages"]?["added"] == 0 && second["tasks"]?["added"] == 0 && second["records"] == 7)
    let rows = "SELECT hex(id), typeof(id), sender, hex(content), typeof(content), read, created_at FROM messages ORDER BY rowid"
    #expect(try await sandbox.sqlite3(rows, in: other) == sandbox.sqlite3(rows))
    let exported = try await sandbox.run("export", "--database-url", other).output
    #expect(try exported == String(contentsOfFile: file, encoding: .utf8))
    #expect(exported.hasPrefix("{\"format\":\"cowork-code-mcp-server\",\"version\":1,\"partial\":false}\n"))
  }

  @Test func aFileIsNotReplacedUnlessAsked() async throws {
    _ = try await sandbox.run("send", "cowork", "x")
    let file = sandbox.home + "/e.jsonl"
    try Data("mine".utf8).write(to: URL(fileURLWithPath: file))
    let refused = try await sandbox.run("export", "--output", file)
    #expect(refused.status == 1 && refused.errors.hasPrefix("\(file) is there already"))
    #expect(try String(contentsOfFile: file, encoding: .utf8) == "mine")
    #expect(try await sandbox.run("export", "--output", file, "--force").status == 0)
    #expect(try String(contentsOfFile: file, encoding: .utf8).hasSuffix("\"tasks\":0}}\n"))
    #expect(try await sandbox.run("export", "--output", "/dev/null/x").status == 1)
    #expect(try FileManager.default.contentsOfDirectory(atPath: sandbox.home).allSatisfy { !$0.contains("partial") })
    #expect(try await sandbox.run("export", "--force").status == 64)
  }

  @Test func theStoreItselfIsNotReplaced() async throws {
    try await sandbox.run("send", "cowork", "Hello")
    try FileManager.default.createSymbolicLink(atPath: sandbox.home + "/link", withDestinationPath: sandbox.database)
    for output in [sandbox.database, sandbox.database + "-wal", sandbox.home + "/link"] {
      let outcome = try await sandbox.run("export", "--force", "--output", output)
      #expect(outcome.status == 1 && outcome.errors.contains("is the store itself"), "\(outcome.errors)")
    }
    #expect(try await sandbox.run("read", "--as", "cowork").output.contains("Hello"))
  }

  @Test func aPipeIsImported() async throws {
    try await sandbox.run("send", "cowork", "Hello")
    let line = "\"$0\" export > x.jsonl && cat x.jsonl | \"$0\" import /dev/stdin --json --database-url ./copy.db"
    let outcome = try await sandbox.shell("cd \"$HOME\" && \(line)")
    #expect(outcome.status == 0 && outcome.output.contains("\"differences\":0"), "\(outcome.errors)")
    let twice = "sed 's/\"messages\":1/\"messages\":2/;/^{\"message\"/p' x.jsonl | \"$0\" import --database-url ./other.db"
    let refused = try await sandbox.shell("cd \"$HOME\" && \(twice)")
    #expect(refused.errors.contains("this id was there before") && !sandbox.files.contains("other.db"), "\(refused.errors)")
  }

  @Test(arguments: ["-", "/dev/stdout"]) func aNameOfStandardOutputMeansIt(_ path: String) async throws {
    _ = try await sandbox.run("send", "cowork", "x")
    for force in [[], ["--force"]] {
      let outcome = try await sandbox.run(["export", "--output", path] + force)
      #expect(outcome.status == 0 && outcome.output.hasSuffix("\"tasks\":0}}\n"), "\(outcome)")
    }
    #expect(sandbox.files.allSatisfy { $0.hasPrefix(".cowork-code-mcp") })
  }

  @Test func aPipeIsWrittenToAndNeverReplaced() async throws {
    _ = try await sandbox.run("send", "cowork", "x")
    for force in ["", "--force"] {
      let outcome = try await sandbox.shell("rm -f p; mkfifo p; cat p & \"$0\" export \(force) --output p && wait && test -p p")
      #expect(outcome.status == 0 && outcome.output.hasSuffix("\"tasks\":0}}\n"), "\(outcome)")
    }
    let folder = try await sandbox.run("export", "--force", "--output", sandbox.home)
    #expect(folder.status == 1 && folder.errors.contains("is a folder"))
  }

  @Test func aReaderThatHasEnoughEndsItQuietly() async throws {
    _ = try await sandbox.run("agents", "add", "code")
    try await sandbox.sqlite3("INSERT INTO messages VALUES ('m', 'cowork', 'code', hex(zeroblob(1000000)), 0, datetime('now'))")
    let outcome = try await sandbox.shell("{ \"$0\" export; echo $? >&2; } | head -c 10")
    #expect(outcome.output.utf8.count == 10 && outcome.errors == "1\n", "\(outcome)")
  }

  #if os(Linux)
    @Test(arguments: ["export", "history", "--help", "export --help", "--version", "migrate --print --database-url postgres://x/y"])
    func aFullDiskIsAFailure(_ line: String) async throws {
      _ = try await sandbox.run("send", "cowork", "x")
      let outcome = try await sandbox.shell("\"$0\" \(line) > /dev/full")
      #expect(outcome.status == 1 && outcome.errors.hasPrefix("Standard output cannot be written to"), "\(outcome)")
    }
  #endif

  @Test func aFileThatIsNoneIsNamed() async throws {
    for (path, sentence) in [("/nonexist", "There is no file /nonexist: name one"), ("/tmp", "/tmp is a folder: name a file")] {
      let outcome = try await sandbox.run("import", path)
      #expect(outcome.status == 1 && outcome.errors.hasPrefix(sentence), "\(outcome.errors)")
    }
  }

  @Test(.timeLimit(.minutes(1))) func anExportThatNobodyReadsEndsWhenItIsAskedTo() async throws {
    _ = try await sandbox.run("agents", "add", "code")
    try await sandbox.sqlite3("INSERT INTO messages VALUES ('m', 'cowork', 'code', hex(zeroblob(1000000)), 0, datetime('now'))")
    let (reading, writing) = try FileDescriptor.makePipe()
    defer { try? reading.close() }
    let export = try sandbox.start(["export"], output: writing)
    // The rest is held up in the pipe.
    #expect(try !reading.readSome(upTo: 10).isEmpty)
    export.signal(SIGTERM)
    let outcome = try await export.outcome
    #expect(outcome.status == 128 + SIGTERM, "\(outcome)")
  }

  @Test func whatIsDamagedIsNotImported() async throws {
    try await fill()
    let lines = try await sandbox.run("export").output.split(separator: "\n").map { $0 + "\n" }
    let whole = lines.joined()
    let cases: [(String, String)] = [
      ("", "The file is empty"), (String(whole.dropLast(10)), "The file is cut off at line \(lines.count)"),
      (lines.dropLast().joined(), "The file is cut off at line \(lines.count - 1)"),
      (lines[0...1].joined() + lines[3...].joined(), "line \(lines.count - 1): It counts 4 messages"),
      (lines[0] + "{\"message\":{\"id\":5}}\n" + lines.dropFirst().joined(), "line 2: message.id must be a text"),
      (lines[0] + "{\"message\":{\"id\":\"\\ud800\"}}\n" + lines.dropFirst().joined(), "line 2: message.id must be a text"),
      (lines[0] + "{\"message\":{}}\n" + lines.dropFirst().joined(), "line 2: message.id must be there"),
      (lines[0] + "{\"message\":{\"id\":\"x\",\"colour\":1}}\n" + lines.dropFirst().joined(), "line 2: message.colour is not known"),
      (
        lines[0] + "{\"message\":{\"id\":\"x\",\"read_at\":\"soon\"}}\n" + lines.dropFirst().joined(),
        "line 2: message.read_at must be a time"
      ),
      (lines[0] + "nonsense\n" + lines.dropFirst().joined(), "line 2: "), (whole + whole, "line \(lines.count + 1): Something follows"),
      (lines.dropFirst().joined(), "line 1: The file does not begin with the line that says its format"),
      (
        whole.replacing("\"version\":1", with: "\"version\":2"), "line 1: The file does not begin as an export does. The file has version 2"
      ),
      (
        lines[0] + "{\"agent\":{\"name\":\"No Name\",\"added_at\":\"2026-01-31T12:00:00.000Z\"}}\n" + lines.dropFirst().joined(),
        "line 2: agent.name: "
      ),
      (
        lines[0] + "{\"message\":{\"id\":\"x\",\"idempotency_key\":\"\(String(repeating: "k", count: 201))\"}}\n"
          + lines.dropFirst().joined(),
        "line 2: message.idempotency_key must be a text of at most 200 bytes"
      ),
      (
        lines[0] + "{\"message\":{\"id\":\"x\",\"reply_to\":\"a\\u0000b\"}}\n" + lines.dropFirst().joined(),
        "line 2: message.reply_to must be a text without a NUL"
      ),
      ("# Messages\n\ntext\n", "line 1: Markdown is for reading and cannot be imported"),
    ]
    for (text, error) in cases {
      let outcome = try await sandbox.run("import", "--database-url", other, input: text)
      #expect(outcome.status == 1 && outcome.errors.hasPrefix(error), "\(outcome.errors)")
      #expect(outcome.errors.lowercased().contains("nothing was imported"), "\(outcome.errors)")
      #expect(!FileManager.default.fileExists(atPath: other))
    }
    #expect(try await sandbox.run("import", sandbox.home + "/none.jsonl").errors.contains("There is no file"))
  }

  @Test func oddRowsAndAByteOrderMarkAreImported() async throws {
    _ = try await sandbox.run("agents", "add", "code")
    try await sandbox.sqlite3(
      """
      INSERT INTO messages VALUES ('m', 'No Name!', '*', 'x', 7, 'some day');
      INSERT INTO tasks (id, sender, recipient, title, status, created_at) VALUES ('t', '', 'A B', NULL, 'half done', 'soon');
      """)
    let exported = try await sandbox.run("export").output
    let outcome = try await sandbox.run("import", "--database-url", other, input: "\u{FEFF}" + exported)
    #expect(outcome.status == 0, "\(outcome)")
    for table in ["messages", "tasks"] {
      #expect(try await sandbox.sqlite3("SELECT * FROM \(table)", in: other) == sandbox.sqlite3("SELECT * FROM \(table)"))
    }
  }

  @Test func anIdThatIsSomethingElseIsReported() async throws {
    _ = try await sandbox.run("agents", "add", "code")
    _ = try await sandbox.run("agents", "add", "code", "--database-url", other)
    try await sandbox.sqlite3(
      "INSERT INTO messages VALUES ('same', 'cowork', 'code', 'mine', 0, 'x'), ('new', 'cowork', 'code', 'x', 0, 'x')")
    try await sandbox.sqlite3("INSERT INTO messages VALUES ('same', 'cowork', 'code', 'theirs', 0, 'x')", in: other)
    let outcome = try await sandbox.run("import", "--database-url", other, input: try await sandbox.run("export").output)
    #expect(outcome.status == 1 && outcome.output.contains("1 record not imported") && outcome.output.hasSuffix("\n  same\n"))
    #expect(try await sandbox.sqlite3("SELECT content FROM messages ORDER BY id", in: other) == "x\ntheirs")
  }

  @Test func aPartIsChosenByAgentAndTime() async throws {
    _ = try await sandbox.run("agents", "add", "code")
    try await sandbox.sqlite3(
      """
      INSERT INTO messages VALUES ('1', 'cowork', 'code', 'x', 0, '2026-01-01 12:00:00'), ('2', 'cowork', 'code', 'x', 0, '2026-02-01T12:00:00.000Z'),
        ('3', 'cowork', 'reviewer', 'x', 0, '2026-02-02'), ('4', 'cowork', 'code', 'x', 0, 'some day')
      """)
    func ids(_ arguments: String...) async throws -> [String] {
      let output = try await sandbox.run(["export"] + arguments).output
      #expect(output.contains("\"partial\":true"))
      return try output.split(separator: "\n").compactMap { try JSON(decoding: String($0))["message"]?["id"]?.stringValue }
    }
    #expect(try await ids("--since", "2026-02-01") == ["2", "3", "4"])
    #expect(try await ids("--agent", "code") == ["1", "2", "4"])
    #expect(try await ids("--agent", "reviewer", "--since", "2026-02-02T00:00:00+00:00") == ["3"])
    #expect(try await sandbox.run("export", "--since", "2026-02-30").status == 64)
    #expect(try await sandbox.run("export", "--agent", "No Name").status == 64)
  }

  /// All text of peers is inside code blocks.
  @Test func markdownCannotBeFaked() async throws {
    _ = try await sandbox.run("agents", "add", "code")
    let text = "hi\n```\n\n## 9. `boss` → `code`\n\u{1B}[31m<b>\n`````\nend"
    try await sandbox.sqlite3(
      "INSERT INTO messages VALUES ('m``1', 'co`work' || char(10) || '# x', 'code', '\(text)', 1, NULL), ('n', NULL, 'code', NULL, 0, 'x')")
    let output = try await sandbox.run("export", "--format", "markdown").output
    #expect(output.contains("\n``````text\nhi\n```\n"))
    #expect(output.contains("\n`````\nend\n``````\n"))
    #expect(output.contains("## 1. ``co`work␊# x`` → `code`"))
    #expect(output.contains("id ```m``1```"))
    #expect(!output.contains("\u{1B}"))
    var (isCode, headings) = (false, [Substring]())
    for line in output.split(separator: "\n") {
      if line.hasPrefix("``````") || (line.hasPrefix("```") && !isCode && line.hasSuffix("text")) { isCode.toggle() }
      if !isCode, line.hasPrefix("#") { headings.append(line) }
    }
    #expect(headings.count == 3 && headings[2] == "## 2. nobody → `code`")
  }

  @Test func aStoreThatIsNotThereIsNotMade() async throws {
    for command in [["export"], ["prune", "--older-than", "1d"]] {
      let outcome = try await sandbox.run(command)
      #expect(outcome.status == 1 && outcome.errors.hasPrefix("There is no store in "))
    }
    #expect(!FileManager.default.fileExists(atPath: sandbox.database))
  }
}
