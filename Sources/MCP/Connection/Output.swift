/// Everything that goes to the client, in order, and the fate of each reply.
struct Output: Sendable {
  private var outbox = Outbox()
  private var ledger = DeliveryLedger()
  private var batches = Batches()
  private var dueHooks: [(id: DeliveryID, hook: DeliveryHooks.Hook)] = []
  private(set) var isWriting = false

  var queuedBytes: Int { outbox.queuedBytes }
  var isIdle: Bool { outbox.isIdle }
  /// All hooks have returned.
  var isSettled: Bool { ledger.isEmpty }

  // MARK: Sending

  mutating func send(
    _ bytes: [UInt8], to target: ReplyTarget = .line, ticket: Ticket? = nil, id: RequestID? = nil, hooks: DeliveryHooks? = nil
  ) {
    let part = Outbox.Part(bytes: bytes, ticket: ticket, id: id, delivery: hooks.map { ledger.add($0) })
    switch target {
    case .line: append(Outbox.Line(parts: [part]))
    case .batch(let batch): append(batches.answer(batch, part))
    }
  }

  /// Sends a notification, unless one with the same key is queued already.
  mutating func send(_ bytes: [UInt8], ticket: Ticket? = nil, coalescing key: Outbox.CoalescingKey) {
    append(Outbox.Line(parts: [Outbox.Part(bytes: bytes, ticket: ticket)], key: key))
  }

  /// Settles a reply that is not sent.
  mutating func discard(_ hooks: DeliveryHooks) { settle([ledger.add(hooks)], .undelivered) }

  /// Takes back what is queued for a request and not begun to be written.
  mutating func withdraw(_ ticket: Ticket) { settle(outbox.withdraw { $0.ticket == ticket }, .undelivered) }

  /// Takes back a queued answer, also from a batch that is not complete.
  mutating func withdraw(_ id: RequestID) {
    settle(outbox.withdraw { $0.id == id } + batches.withdraw(id), .undelivered)
  }

  // MARK: Batches

  mutating func openBatch() -> BatchID { batches.open() }
  mutating func closeBatch(_ batch: BatchID) { append(batches.close(batch)) }

  mutating func expectAnswer(_ target: ReplyTarget) {
    if case .batch(let batch) = target { batches.expect(batch) }
  }

  /// An expected answer will not come.
  mutating func dropAnswer(_ target: ReplyTarget) {
    if case .batch(let batch) = target { append(batches.drop(batch)) }
  }

  // MARK: Writing

  /// The next bytes to write; `nil` while a write is under way, and when nothing is queued.
  mutating func nextWrite() -> [UInt8]? {
    guard !isWriting, let chunk = outbox.nextChunk() else { return nil }
    isWriting = true
    for delivery in chunk.begun { ledger.begin(delivery) }
    return chunk.bytes
  }

  mutating func written() {
    isWriting = false
    settle(outbox.chunkWritten(), .delivered)
  }

  mutating func writeFailed() {
    isWriting = false
    close()
  }

  /// Nothing more is written.
  mutating func close() { settle(outbox.close(), .undelivered) }

  // MARK: Hooks

  /// The hooks to call now.
  mutating func takeDueHooks() -> [(id: DeliveryID, hook: DeliveryHooks.Hook)] {
    defer { dueHooks = [] }
    return dueHooks
  }

  /// The calls that were held for this hook alone.
  mutating func hookReturned(_ id: DeliveryID) -> [Ticket] { ledger.hookReturned(id) }

  /// Holds a call until the replies that the client may have seen are settled. False if they are.
  mutating func hold(_ ticket: Ticket) -> Bool { ledger.hold(ticket) }

  private mutating func append(_ line: Outbox.Line?) {
    if let line { settle(outbox.append(line), .undelivered) }
  }

  private mutating func settle(_ deliveries: [DeliveryID], _ fate: DeliveryLedger.Fate) {
    for id in deliveries {
      if let hook = ledger.settle(id, fate) { dueHooks.append((id, hook)) }
    }
  }
}
