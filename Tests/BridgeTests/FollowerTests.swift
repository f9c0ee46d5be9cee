import Bridge
import Foundation
import Logging
import SQLiteStore
import Testing

@Suite struct FollowerTests {
  @Test func nothingIsSubscribedToBeforeThereIsAStore() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "cowork-\(UniqueID.make())").path
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let plain = SQLiteStore(path: folder + "/messages.db", logger: logger)
    let store = FaultyStore(SQLiteStore(path: folder + "/messages.db", logger: logger))
    store.on(.exists, .after) { () throws(BridgeError) in try await plain.addAgent(.cowork) }
    let follower = Follower(store: store, reader: store.transcript(of: nil, from: TranscriptStart())) { _ in }
    let following = Task { await follower.run { withUnsafeCurrentTask { $0?.cancel() } } }
    _ = await following.value
    #expect(store.calls.prefix(3) == [.exists, .exists, .wakeUpsForAll])
    await store.close()
    await plain.close()
    try FileManager.default.removeItem(atPath: folder)
  }
}
