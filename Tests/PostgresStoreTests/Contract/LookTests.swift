import PostgresTesting
import Testing

@testable import PostgresStore

@Suite("Looks", .timeLimit(.minutes(5)))
struct LookTests {
  /// The news comes back with the lease, and is kept for that session if it runs, which only its host can tell.
  @Test(arguments: [
    "look('code', 'h|2|2', '{l}', '{}', NULL, true, 10, 10000, false, '{\"session\": \"zzzzzzzzzz\", \"instance\": \"zz\"}')",
    "take('code', 'm', 'i', 'h|2|2', 30, '{l}', '{}', false, NULL, true, 10, 10000, false, '{\"session\": \"zzzzzzzzzz\"}', NULL, false)",
  ])
  func newsOfADeadLeaseNamesTheSessionThatItMayBeKeptFor(verb: String) async throws {
    let database = try await Servers.database()
    let store = try PostgresStore.postgres(database.url)
    _ = try await store.agents()
    let named = try await database.psql(
      """
      SET search_path = cowork_bridge;
      INSERT INTO sessions (agent, stamp, name, process, last_seen) VALUES ('code', 'abcdefghij', 's', 'h|1|1', clock_timestamp());
      INSERT INTO tasks (id, sender, recipient, title, status) VALUES ('00000000-0000-0000-0000-abcdefghijkl', 'code', 'cowork', 't', 'pending');
      UPDATE tasks SET status = 'completed';
      DO $$ BEGIN PERFORM take('code', 'l', 'abcdefghijkl', 'h|1|1', 30, '{}', '{}', false, NULL, true, 10, 10000, false,
        '{"session": "abcdefghij", "instance": "kl"}', NULL, false); END $$;
      SELECT to_check FROM \(verb)
      """)
    #expect(named == "{\"session:abcdefghij h|1|1\"}\n")
    await store.close()
  }

  @Test func aMessageWithoutTextIsFoundByNoWord() async throws {
    let database = try await Servers.database()
    let store = try PostgresStore.postgres(database.url)
    _ = try await store.agents()
    let found = try await database.psql(
      """
      SET search_path = cowork_bridge;
      INSERT INTO messages (sender, recipient) VALUES ('cowork', 'code');
      INSERT INTO messages (sender, recipient, content) VALUES ('cowork', 'code', 'word');
      SELECT (message).content, has_all(NULL, '{ word}') FROM history('code', '{word}')
      """)
    #expect(found == "word|f\n")
    await store.close()
  }

  /// Also those of a number below zero, which a hand can have given, once the index is asked.
  @Test func aWordIsFoundInRowsOfEveryNumber() async throws {
    let database = try await Servers.database()
    let store = try PostgresStore.postgres(database.url)
    _ = try await store.agents()
    let found = try await database.psql(
      """
      SET search_path = cowork_bridge;
      INSERT INTO messages (id, sender, recipient, content, seq) SELECT 'm' || i, 'code', 'cowork', CASE WHEN i <= 0 THEN 'needle' ELSE 'hay' END, i
        FROM (SELECT generate_series(1, 1200) UNION SELECT unnest('{0,-5,-60000,-9223372036854775808}'::bigint[])) AS n (i);
      SELECT (message).seq FROM history('code', '{needle}')
      """)
    #expect(found == "0\n-5\n-60000\n-9223372036854775808\n")
    await store.close()
  }
}
