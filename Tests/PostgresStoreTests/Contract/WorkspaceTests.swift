import Bridge
import BridgeTesting
import PostgresClient
import PostgresTesting
import Testing

@testable import PostgresStore

@Suite("Workspaces keep projects apart in one database", .timeLimit(.minutes(10)))
struct WorkspaceTests {
  @Test func noMessageTaskAgentOrNotificationCrosses() async throws {
    let database = try await Servers.database()
    let log = WatchedLog()
    let shop = try PostgresStore.postgres(database.url, workspace: Workspace("shop"))
    let blog = try PostgresStore.postgres(database.url, .init(safetyPoll: .seconds(1_000)), log, workspace: Workspace("blog"))
    let main = try PostgresStore.postgres(database.url)
    _ = try await main.agents()
    let wakeUps = blog.wakeUps(for: .code, .waiting)
    await log.hears("listener state=listening")
    // The hint of the connect itself.
    while let hint = await Hints.next(wakeUps), !hint.contains(.resync) {}

    let reviewer = try Identity("reviewer")
    try await shop.addAgent(reviewer)
    let sent = try await shop.send(NewMessage(sender: .cowork, recipient: .code, content: "for the shop", idempotencyKey: "k"))
    let task = try await shop.createTask(NewTask(sender: .cowork, recipient: .code, title: "shop", description: ""))
    for other in [blog, main] {
      #expect(try await other.unreadCounts(for: .code).isEmpty)
      #expect(try await other.take(TakeRequest(agent: .code, includesTasks: true, instance: Instance(agent: .code))).isEmpty)
      #expect(try await other.message(sent.messageID, for: .code) == nil)
      #expect(try await other.history(HistoryQuery(agent: .code, text: "shop")).messages.isEmpty)
      #expect(try await other.agents().map(\.name) == ["code", "cowork"])
      #expect(await refusal { try await other.task(task.taskID, for: .code, instance: nil) }?.code == .notFound)
      #expect(
        await refusal { try await other.send(NewMessage(sender: .code, recipient: reviewer, content: "x")) }?.code == .unknownRecipient)
    }
    // Its own notification comes after any of the shop's.
    _ = try await blog.send(NewMessage(sender: .cowork, recipient: .code, content: "for the blog", idempotencyKey: "k"))
    #expect(await Hints.next(wakeUps) == .messages)
    #expect(await Hints.isSilent(wakeUps))
    #expect(try await blog.unreadCounts(for: .code).messages == 1)
    #expect(try await shop.unreadCounts(for: .code) == UnreadCounts(messages: 1, tasks: 1))
    for store in [shop, blog, main] { await store.close() }
  }

  @Test func theLongestNamesAndThoseWithDotsHaveSchemasOfTheirOwn() async throws {
    let names = ["a", "b"].map { String(repeating: "w", count: 62) + $0 }
    let schemas = try names.map { WorkspaceSchema(try Workspace($0)).name }
    #expect(Set(schemas).count == 2 && schemas.allSatisfy { $0.utf8.count <= 63 })
    let database = try await Servers.database()
    for name in names + ["a.b", "a..b", "a-b.c_d"] {
      let store = try PostgresStore.postgres(database.url, workspace: Workspace(name))
      _ = try await store.send(NewMessage(sender: .cowork, recipient: .code, content: name))
      #expect(try await store.take(TakeRequest(agent: .code, instance: nil)).messages.map(\.content) == [name])
      await store.close()
    }
  }
}
