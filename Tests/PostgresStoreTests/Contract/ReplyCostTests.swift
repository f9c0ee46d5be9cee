import Bridge
import BridgeTesting
import PostgresTesting
import Testing

@testable import PostgresStore

@Suite("Whether messages fit into a reply", .timeLimit(.minutes(5)))
struct ReplyCostTests {
  @Test func theDatabaseCountsTheCostOfAMessageAsTheDomainDoes() async throws {
    let database = try await Servers.database()
    let store = try PostgresStore.postgres(database.url)
    let controls = String(String.UnicodeScalarView((1...0x9F).compactMap(Unicode.Scalar.init)))
    let texts = OddTexts.all + [controls, "\u{2028}\u{2029}", String(repeating: "\u{1}", count: 10_000)]
    _ = try await store.createTask(NewTask(id: "t", sender: .cowork, recipient: .code, title: "t", description: ""))
    var last: String?
    for text in texts {
      last = try await store.send(NewMessage(sender: .cowork, recipient: .code, content: text, replyTo: last, taskID: "t")).messageID
    }
    let rows = try await store.pool.query("SELECT r.*, \(store.sql.schema).cost_of(r) AS cost FROM \(store.sql.schema).message_records r")
    #expect(rows.count == texts.count)
    for row in rows {
      let message = try Message(row)
      #expect(try row.get("cost", as: Int.self) == message.replyCost, "\(message.content ?? "")")
    }
    await store.close()
  }
}
