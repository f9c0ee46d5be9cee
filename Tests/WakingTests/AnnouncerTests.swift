import Logging
import MCP
import ProcessTesting
import SQLiteStore
import Testing

@testable import Bridge
@testable import BridgeServer

/// What a call returns is not announced as well.
@Suite struct AnnouncerTests {
  private let sandbox: Sandbox
  private let store: SQLiteStore
  private let service: BridgeService
  private let announcer: Announcer
  private let announced = Arrivals<String>()

  init() async throws {
    sandbox = try Sandbox()
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    store = SQLiteStore(path: sandbox.home + "/messages.db", logger: logger)
    service = BridgeService(store: store, identity: .code, logger: logger)
    let settings = WakeSettings(announcements: .init(spacing: .milliseconds(1), gathering: .milliseconds(1)))
    announcer = Announcer(service: service, settings: settings, logger: logger) { [announced] _, params in
      await announced.add(params["content"]?.stringValue ?? "")
      return true
    }
    try await service.addAgent(Identity("other"))
    await announcer.clientIs(ClientInfo(name: "claude-code", version: nil))
  }

  /// This call takes nothing, as if another process of the agent had been faster.
  @Test(arguments: [true, false])
  func whatACallWaitsForIsAnnouncedOnlyOnceTheCallHasEndedWithoutIt(includesTasks: Bool) async throws {
    let (awaited, early) = try await service.waits.during(.init(sender: "cowork", includesTasks: includesTasks)) {
      let awaited = [try await send("cowork")] + (includesTasks ? [try await task()] : [])
      // Written later: an announcement of the former would come no later than this one.
      let free = (includesTasks ? [] : [try await task()]) + [try await send("other")]
      return (awaited, try await announcements(naming: free))
    }
    for id in awaited { #expect(!early.contains(id)) }
    // Nothing else is written: the end of the call is the reason to look.
    _ = try await announcements(naming: awaited)
    await announcer.stop()
    await service.close()
  }

  /// Everything announced until each of these has been named.
  private func announcements(naming ids: [String]) async throws -> String {
    var text = ""
    while !ids.allSatisfy({ text.contains($0) }) { text += try await announced.next("the announcement of \(ids)") }
    return text
  }

  private func send(_ sender: String) async throws -> String {
    try await store.send(NewMessage(sender: Identity(sender), recipient: .code, content: "x")).messageID
  }

  private func task() async throws -> String {
    try await store.createTask(NewTask(sender: .cowork, recipient: .code, title: "x", description: "")).taskID
  }
}
