import Bridge
import BridgeTesting
import PostgresClient
import PostgresStore
import ProcessTesting
import Testing

/// Two agents on one database, each with its own store, as in two processes.
struct Pair: Sendable {
  let senderStore: PostgresStore
  let receiverStore: PostgresStore
  let sender: BridgeService
  let receiver: BridgeService
  let log = WatchedLog()

  /// - Parameter receiverURL: the receiver's URL, if it differs from the sender's.
  init(url: String, receiverURL: String? = nil, options: PostgresStore.Options = .quick) throws {
    senderStore = try .postgres(url, options, log)
    receiverStore = try .postgres(receiverURL ?? url, options, log)
    sender = BridgeService(store: senderStore, identity: .cowork, logger: .silent)
    receiver = BridgeService(store: receiverStore, identity: .code, logger: .silent)
  }

  func close() async {
    await sender.close()
    await receiver.close()
  }

  /// Waits for the receiver's next messages and confirms them.
  func receive(within seconds: Int = 30) async throws -> [String] {
    let delivery = try await receiver.readMessages(waitSeconds: seconds)
    await receiver.delivered(delivery.lease)
    return delivery.messages.compactMap(\.content)
  }

  /// Returns when the receiver's listener is proven.
  func isListening() async {
    let wakeUps = receiver.wakeUps(.waiting)
    await log.hears("listener state=listening")
    withExtendedLifetime(wakeUps) {}
  }
}

extension BridgeStore where Self == PostgresStore {
  static func postgres(_ url: String, _ options: PostgresStore.Options = .init(), _ log: WatchedLog = .init(), workspace: Workspace? = nil)
    throws -> PostgresStore
  {
    PostgresStore(settings: try ConnectionSettings(url), workspace: workspace, options: options, logger: log.logger)
  }
}

extension PostgresStore.Options {
  /// The documented behaviour with shorter pauses.
  static var quick: PostgresStore.Options {
    var options = PostgresStore.Options()
    options.listener.backoff = Backoff(minimum: .milliseconds(5), maximum: .milliseconds(50))
    options.listener.livenessInterval = .milliseconds(500)
    options.listener.livenessDeadline = .seconds(2)
    options.pool.backoff = Backoff(minimum: .milliseconds(5), maximum: .milliseconds(50))
    return options
  }
}

/// The outcome of messages that were sent and read during a fault.
struct Report: Sendable {
  var accepted: [String] = []
  var received: [(content: String, redelivered: Bool)] = []
  var errors: [BridgeError] = []

  /// Every accepted message arrived, and repeats are marked as redelivered.
  func expectNothingLostOrDoubled(_ location: SourceLocation = #_sourceLocation) {
    #expect(Set(received.map(\.content)) == Set(accepted), sourceLocation: location)
    #expect(Set(accepted).count == accepted.count, sourceLocation: location)
    let once = received.filter { !$0.redelivered }.map(\.content)
    #expect(Set(once).count == once.count, sourceLocation: location)
  }

  /// The errors say what to do, and contain no secret.
  func expectHelpfulErrors(password: String? = nil, _ location: SourceLocation = #_sourceLocation) {
    for error in errors {
      #expect(error.code == .storeUnavailable || error.code == .storeFailed, sourceLocation: location)
      if let password { #expect(!error.message.contains(password), sourceLocation: location) }
    }
  }
}

extension Pair {
  /// Sends and reads during a fault, until every accepted message has arrived. A refused message is sent again with its key, as by an
  /// agent.
  func exchange(atLeast count: Int = 40, during fault: @Sendable @escaping () async throws -> Void) async throws -> Report {
    let report = Shared(Report())
    let faultIsOver = Shared(false)
    let allSent = Shared(false)
    // Its heartbeats confirm what could not be confirmed before.
    let presence = Task { await receiver.run(interval: .milliseconds(300)) }
    defer { presence.cancel() }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        defer { faultIsOver.change { $0 = true } }
        try await fault()
      }
      group.addTask {
        defer { allSent.change { $0 = true } }
        var number = 0
        while number < count || !faultIsOver.value {
          number += 1
          try await send("\(number)", report)
        }
      }
      group.addTask {
        while !allSent.value || Set(report.value.received.map(\.content)).count < report.value.accepted.count {
          do {
            let delivery = try await receiver.readMessages(waitSeconds: 2)
            report.change { report in
              report.received += delivery.messages.map { ($0.content ?? "", $0.redelivered) }
            }
            await receiver.delivered(delivery.lease)
          } catch let error as BridgeError {
            try Task.checkCancellation()
            report.change { $0.errors.append(error) }
          }
        }
      }
      try await group.waitForAll()
    }
    return report.value
  }

  private func send(_ content: String, _ report: Shared<Report>) async throws {
    for _ in 1...20 {
      let outcome = await sender.sending(content)
      switch outcome {
      case .success: return report.change { $0.accepted.append(content) }
      case .failure(let error): report.change { $0.errors.append(error) }
      }
    }
    throw TestingError("\(content) was refused again and again: \(report.value.errors.suffix(1))")
  }
}

extension BridgeService {
  /// One attempt.
  fileprivate func sending(_ content: String) async -> Result<SendReceipt, BridgeError> {
    do { return .success(try await send(to: .code, content: content, references: MessageReferences(idempotencyKey: content))) } catch {
      return .failure(error)
    }
  }
}
