import Foundation
import JSON
import MCPClient
import ProcessTesting
import Testing

/// A write-ahead log is laid over the database that it belongs to, and over no other.
extension ProcessTests {
  /// A database with 301 messages, most of them in the log alone, since their writer was killed; and `restored.db`, a backup of the first one.
  private func killedWriter() async throws -> Sandbox {
    let sandbox = try Sandbox()
    let server = try await sandbox.serve("code")
    try await server.send(["first"], to: "cowork")
    try await sandbox.sqlite3(".backup \(sandbox.home)/restored.db")
    try await fill(sandbox, server)
    return sandbox
  }

  private func fill(_ sandbox: Sandbox, _ server: ChildServer) async throws {
    try await server.send((1...300).map { "\($0) " + String(repeating: "x", count: 200) }, to: "cowork")
    try await server.kill()
  }

  /// Runs a line in the folder above that of the database, which is `$d`.
  private func shell(_ line: String, _ sandbox: Sandbox) async throws {
    let outcome = try await sandbox.shell("d=.cowork-code-mcp; \(line)")
    #expect(outcome.status == 0, "\(outcome)")
  }

  private func sendAtOnce(_ count: Int, _ sandbox: Sandbox) async throws -> [Outcome] {
    let commands = try (1...count).map { try sandbox.start(["send", "cowork", "after \($0)"]) }
    var outcomes = [Outcome]()
    for command in commands { outcomes.append(try await command.outcome) }
    for outcome in outcomes { #expect(outcome.status == 0, "\(outcome)") }
    return outcomes
  }

  private func setAside(_ sandbox: Sandbox) -> [String] { sandbox.files.filter { $0.contains("set-aside") } }

  @Test(arguments: [
    "mv restored.db $d/messages.db",
    // The new file gets the old inode.
    "rm $d/messages.db && cp restored.db $d/messages.db",
    "cp restored.db $d/messages.db",
    "mv restored.db $d/messages.db && chmod 400 $d/messages.db-wal",
  ])
  func aLogOfAnotherFileIsSetAside(restore: String) async throws {
    let sandbox = try await killedWriter()
    try await shell(restore, sandbox)
    #expect(try await sandbox.run("doctor").output.contains("another database file"))
    let outcomes = try await sendAtOnce(4, sandbox)
    try await sandbox.expectIntegrity()
    #expect(try await sandbox.sqlite3("SELECT COUNT(*), SUM(content = 'first') FROM messages") == "5|1")
    let aside = setAside(sandbox)
    let size = try FileManager.default.attributesOfItem(atPath: sandbox.home + "/" + (#require(aside.first)))[.size] as? NSNumber
    #expect(aside.count == 1 && (size?.intValue ?? 0) > 100_000)
    #expect(outcomes.count { $0.errors.contains("set aside") && $0.errors.contains(aside[0]) } == 1)
    #expect(try await sandbox.run("doctor", "--json").output.contains(aside[0]))
  }

  @Test(arguments: ["mv restored.db $d/messages.db", "cp restored.db $d/messages.db"])
  func aFileRestoredUnderARunningServerIsServedByAll(restore: String) async throws {
    let sandbox = try Sandbox()
    let server = try await sandbox.serve("code")
    try await server.send(["first"], to: "cowork")
    try await sandbox.sqlite3(".backup \(sandbox.home)/restored.db")
    try await server.send((1...300).map { "\($0)" }, to: "cowork")
    try await shell(restore, sandbox)
    _ = try await sendAtOnce(2, sandbox)
    try await server.send(["later"], to: "cowork")
    let reader = try await sandbox.serve("cowork")
    #expect(try await reader.readAll().map(\.content).sorted() == ["after 1", "after 2", "first", "later"])
    try await server.stop()
    try await sandbox.expectIntegrity()
    #expect(try await sandbox.sqlite3("SELECT COUNT(*) FROM messages") == "4")
  }

  /// In doubt a log belongs to the database: what is only there would be lost.
  @Test(arguments: [
    ":", "rm -f $d/*-wal-owner", "echo x > $d/messages.db-wal-owner", "mkfifo pipe && mv pipe $d/messages.db-wal-owner",
    "touch $d/messages.db && chmod 640 $d/*", "rm $d/messages.db-shm", "mv $d other && mv other $d",
    "cp -r $d other && rm -r $d && mv other $d", "cp -a $d other && rm -r $d && cp -r other $d",
    "tar cf t $d && rm -r $d && tar xf t",
    // A backup with its log is put back over what was there.
    "cp -r $d other && cp other/* $d", "cp -r $d other && mv other/* $d", "cp -r $d other && rm $d/* && cp other/* $d",
    "cp $d/messages.db-wal-owner old && rm $d/* && cp ../kept/* $d && cp old $d/messages.db-wal-owner",
  ])
  func aLogAfterACrashIsKept(change: String) async throws {
    let sandbox = try await killedWriter()
    // Of another life of the same store, for the last case.
    try await shell("mkdir ../kept && cp $d/* ../kept", sandbox)
    try await shell(change, sandbox)
    _ = try await sendAtOnce(3, sandbox)
    try await sandbox.expectIntegrity()
    #expect(try await sandbox.sqlite3("SELECT COUNT(*) FROM messages") == "304")
    #expect(setAside(sandbox).isEmpty)
  }

  /// Other programs write to the log, write it back and begin it again, and leave the record as it was.
  @Test(arguments: [
    "PRAGMA wal_checkpoint(PASSIVE);", "PRAGMA wal_checkpoint(FULL);", "PRAGMA wal_checkpoint(RESTART);",
    "PRAGMA wal_checkpoint(TRUNCATE);",
    "CREATE TABLE t (x); PRAGMA wal_checkpoint(RESTART); DROP TABLE t; PRAGMA wal_checkpoint(PASSIVE);",
  ])
  func aLogThatAnotherProgramHasWrittenIsKept(sql: String) async throws {
    let sandbox = try await killedWriter()
    let values = "(hex(randomblob(16)), 'code', 'cowork', hex(randomblob(5000)), 0, '')"
    let insert = "INSERT INTO messages VALUES \([String](repeating: values, count: 50).joined(separator: ", "));"
    // Killed, because it would remove the log at its end.
    try sandbox.write("\(insert) \(sql) \(insert)\n.shell kill -9 $PPID\n", to: "script")
    _ = try await sandbox.shell("sqlite3 .cowork-code-mcp/messages.db < script")
    _ = try await sendAtOnce(3, sandbox)
    try await sandbox.expectIntegrity()
    #expect(try await sandbox.sqlite3("SELECT COUNT(*) FROM messages") == "404")
    #expect(setAside(sandbox).isEmpty)
  }

  @Test func aRecordOfAnEarlierLogProvesNothing() async throws {
    let sandbox = try await killedWriter()
    try await shell("cp -p $d/messages.db-wal-owner old", sandbox)
    // Begins the log again, twice.
    for _ in 1...2 { try await fill(sandbox, sandbox.serve("code")) }
    try await shell("cat old > $d/messages.db-wal-owner", sandbox)
    _ = try await sendAtOnce(3, sandbox)
    try await sandbox.expectIntegrity()
    #expect(try await sandbox.sqlite3("SELECT COUNT(*) FROM messages") == "904")
    #expect(setAside(sandbox).isEmpty)
  }

  @Test func aLogThatIsLeftWhenTheFileIsRemovedIsSetAside() async throws {
    let sandbox = try await killedWriter()
    try await shell("rm $d/messages.db", sandbox)
    _ = try await sendAtOnce(3, sandbox)
    #expect(try await sandbox.sqlite3("SELECT COUNT(*) FROM messages") == "3")
    #expect(setAside(sandbox).count == 1)
  }
}
