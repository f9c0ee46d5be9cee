import Bridge
import BridgeTesting
import PostgresClient
import PostgresTesting
import Testing

@testable import PostgresStore

@Suite("A login of its own keeps an agent to its side", .timeLimit(.minutes(10)))
struct RolesTests {
  /// All cases of all areas, with each verb run under the acting agent's login.
  @Test(arguments: StoreSuite.casesOfAgents)
  func theSharedSuiteHoldsForServersUnderSuchLogins(_ storeCase: StoreCase) async throws {
    try await Turnstile.shared.pass { try await storeCase.run(on: HardenedHarness()) }
  }

  /// What a curious agent types into psql, and the result.
  @Test func plainPsqlReadsForgesAndChangesNothingOfOthers() async throws {
    let database = try await Servers.database()
    let roles = Roles(database: database, schema: "cowork_bridge")
    let owner = try PostgresStore.postgres(database.url)
    _ = try await owner.agents()
    try await roles.harden()
    try await roles.harden()
    let code = try await roles.login(for: .code)
    _ = try await roles.login(for: .cowork)
    let spy = try await roles.login(for: try Identity("spy"))
    let sent = try await owner.send(NewMessage(sender: .cowork, recipient: .code, content: "private", replyTo: "x"))
    let task = try await owner.createTask(NewTask(sender: .cowork, recipient: .code, title: "private", description: ""))
    let lease = try #require(try await owner.take(TakeRequest(agent: .code, limit: 1, instance: Instance(agent: .code))).lease)
    let id = sent.messageID

    // Sees nothing.
    for table in ["messages", "tasks", "message_details", "task_details", "task_events", "leases", "lease_items"] {
      #expect(try await database.psql("SELECT count(*) FROM cowork_bridge.\(table)", as: spy) == "0\n", "\(table)")
    }
    #expect(try await database.psql("SELECT count(*) FROM cowork_bridge.messages", as: code) == "1\n")
    // Is refused, or finds nothing to change.
    for statement in [
      "INSERT INTO cowork_bridge.messages (id, sender, recipient, content) VALUES ('f', 'cowork', 'code', 'forged')",
      "INSERT INTO cowork_bridge.messages (id, sender, recipient, content, read) VALUES ('f', 'spy', 'code', 'hidden', 1)",
      "INSERT INTO cowork_bridge.tasks (id, sender, recipient, title) VALUES ('f', 'cowork', 'code', 'forged')",
      "INSERT INTO cowork_bridge.task_events (task_id, actor, note) VALUES ('\(task.taskID)', 'spy', 'x')",
      "INSERT INTO cowork_bridge.message_details (message_id, sender, reply_to) VALUES ('\(id)', 'spy', 'x')",
      "INSERT INTO cowork_bridge.agents (name) VALUES ('intruder')",
      "INSERT INTO cowork_bridge.instances VALUES ('i', 'code', 'h', 'p', NULL, now())",
      "INSERT INTO cowork_bridge.leases VALUES ('l', 'code', 'i', 'p', now())",
      "INSERT INTO cowork_bridge.lease_items VALUES ('\(lease)', 'message', 99)",
      "DELETE FROM cowork_bridge.messages", "DELETE FROM cowork_bridge.tasks", "TRUNCATE cowork_bridge.messages",
      "SELECT * FROM cowork_bridge.agent_logins", "SELECT cowork_bridge.add_login('\(spy)', 'code')", "SET ROLE \(code)",
      "SET SESSION AUTHORIZATION \(code)", "ALTER TABLE cowork_bridge.messages DISABLE ROW LEVEL SECURITY",
      "UPDATE cowork_bridge.messages SET content = 'changed'", "UPDATE cowork_bridge.messages SET sender = 'spy'",
    ] { await expectRefused(statement, database, as: spy) }
    for statement in [
      "UPDATE cowork_bridge.messages SET read = 1", "UPDATE cowork_bridge.tasks SET status = 'completed'",
      "UPDATE cowork_bridge.message_details SET read_at = now()", "UPDATE cowork_bridge.task_details SET holder = 'spy'",
      "DELETE FROM cowork_bridge.leases", "DELETE FROM cowork_bridge.lease_items", "DELETE FROM cowork_bridge.instances",
    ] { try await database.psql(statement, as: spy) }
    #expect(try await database.psql("SELECT count(*) FROM cowork_bridge.messages WHERE content = 'private' AND read = 1") == "1\n")
    #expect(try await database.psql("SELECT status FROM cowork_bridge.tasks") == "pending\n")
    #expect(try await database.psql("SELECT count(*) FROM cowork_bridge.leases JOIN cowork_bridge.lease_items ON lease = id") == "1\n")
    #expect(try await database.psql("SELECT count(*) FROM cowork_bridge.task_details WHERE holder IS NULL") == "1\n")
    await owner.close()
  }

  @Test func eachSideOfATaskChangesWhatItsSideMay() async throws {
    let database = try await Servers.database()
    let roles = Roles(database: database, schema: "cowork_bridge")
    let owner = try PostgresStore.postgres(database.url)
    let (one, two) = (
      try await owner.createTask(NewTask(sender: .cowork, recipient: .code, title: "1", description: "")).taskID,
      try await owner.createTask(NewTask(sender: .cowork, recipient: .code, title: "2", description: "")).taskID
    )
    let message = try await owner.send(NewMessage(sender: .cowork, recipient: .code, content: "mine")).messageID
    try await roles.harden()
    let (code, cowork) = (try await roles.login(for: .code), try await roles.login(for: .cowork))
    await expectRefused("UPDATE cowork_bridge.tasks SET status = 'completed' WHERE id = '\(one)'", database, as: cowork)
    try await database.psql("UPDATE cowork_bridge.tasks SET status = 'failed', result = 'no' WHERE id = '\(one)'", as: cowork)
    try await database.psql("UPDATE cowork_bridge.tasks SET status = 'completed', result = 'yes' WHERE id = '\(two)'", as: code)
    await expectRefused("UPDATE cowork_bridge.tasks SET status = 'pending' WHERE id = '\(two)'", database, as: code)
    await expectRefused("UPDATE cowork_bridge.tasks SET recipient = 'cowork' WHERE id = '\(two)'", database, as: code)
    // A sender can neither mark nor hide what it has sent: it may not update the row.
    try await database.psql("UPDATE cowork_bridge.messages SET read = 1 WHERE id = '\(message)'", as: cowork)
    #expect(try await owner.message(message, for: .cowork)?.isRead == false)
    #expect(try await database.psql("SELECT status FROM cowork_bridge.tasks ORDER BY seq") == "failed\ncompleted\n")
    await owner.close()
  }

  @Test func whatStandsBesideATaskIsChangedByItsOwnSideOnly() async throws {
    let database = try await Servers.database()
    let roles = Roles(database: database, schema: "cowork_bridge")
    let owner = try PostgresStore.postgres(database.url)
    let task = NewTask(sender: .cowork, recipient: .code, title: "1", description: "", idempotencyKey: "k")
    _ = try await owner.createTask(task)
    _ = try await owner.transitionTask(.init(taskID: task.id, actor: .code, instance: Instance(agent: .code), status: .inProgress))
    try await database.psql("UPDATE cowork_bridge.task_details SET assignee_news = 1, creator_news = 1")
    try await roles.harden()
    let (code, cowork) = (try await roles.login(for: .code), try await roles.login(for: .cowork))
    func set(_ change: String) -> String { "UPDATE cowork_bridge.task_details SET \(change)" }
    for change in [
      "holder = 'mine'", "holder_process = 'mine'", "held_until = 'infinity'", "holder = NULL, holder_process = NULL, held_until = NULL",
      "assignee_news = 0", "task_id = 'other'",
    ] { await expectRefused(set(change), database, as: cowork) }
    for change in ["sender = 'code'", "idempotency_key = NULL", "creator_news = 0", "task_id = 'other'"] {
      await expectRefused(set(change), database, as: code)
    }
    let details = "SELECT sender, idempotency_key, holder IS NOT NULL, assignee_news, creator_news FROM cowork_bridge.task_details"
    #expect(try await database.psql(details) == "cowork|k|t|1|1\n")
    try await database.psql(set("held_until = 'infinity', assignee_news = 0"), as: code)
    try await database.psql(set("creator_news = 0"), as: cowork)
    #expect(try await database.psql(details) == "cowork|k|t|0|0\n")
    // The claim ends with the task.
    try await database.psql("UPDATE cowork_bridge.tasks SET status = 'failed'", as: cowork)
    await expectRefused(set("holder = 'mine'"), database, as: cowork)
    try await database.psql(set("holder = NULL, holder_process = NULL, held_until = NULL"), as: cowork)
    #expect(try await database.psql(details) == "cowork|k|f|1|1\n")
    await owner.close()
  }

  private func expectRefused(
    _ statement: String, _ database: TestDatabase, as role: String, _ location: SourceLocation = #_sourceLocation
  ) async {
    do {
      try await database.psql(statement, as: role)
      Issue.record("\(role) could \(statement)", sourceLocation: location)
    } catch {
      let text = "\(error)"
      #expect(
        ["permission denied", "row-level security", "must be owner", "stays as it is", "is not the one of"].contains { text.contains($0) },
        "\(text)", sourceLocation: location)
    }
  }
}

extension TestDatabase {
  /// With psql, logged in as this role.
  @discardableResult
  func psql(_ sql: String, as role: String) async throws -> String { try await cluster.psql(sql, database: name, user: role) }
}
