/// Everything that goes to the client, in order, and the fate of each reply.
///
/// One hook of each reply is called once. Later calls wait for hooks that are outstanding. They are from the reply's first written byte
/// on: the client may have read it before we learn that it was written.
struct Output: Sendable {
  /// A message, or one entry of a batch.
  private struct Part: Sendable {
    let bytes: [UInt8]
    let ticket: Ticket?
    let id: RequestID?
    let delivery: Delivery?
  }

  private struct Delivery: Sendable {
    let id: DeliveryID
    let hooks: DeliveryHooks
  }

  private struct Line: Sendable {
    var parts: [Part]
    var isBatch = false

    var deliveries: [Delivery] { parts.compactMap(\.delivery) }
    var byteCount: Int { parts.reduce(isBatch ? 2 : 0) { $0 + $1.bytes.count + 1 } }
    var text: [UInt8] {
      let text = Array(parts.map(\.bytes).joined(separator: [UInt8(ascii: ",")]))
      return (isBatch ? [UInt8(ascii: "[")] + text + [UInt8(ascii: "]")] : text) + [UInt8(ascii: "\n")]
    }
  }

  /// Answers to the requests of a batch, which are sent together (2025-03-26 basic, Batching).
  private struct Batch: Sendable {
    var missing = 0
    var isWhole = false
    var parts: [Part] = []
  }

  private var count = 0
  private var batches: [BatchID: Batch] = [:]
  private var waiting: [Line] = []
  private var waitingBytes = 0
  /// Text of lines that are partly handed out for writing.
  private var begun: ArraySlice<UInt8> = []
  /// Replies in lines that are begun, with the bytes of output up to the line's end.
  private var unfinished: [(end: Int, deliveries: [Delivery])] = []
  private var beginning = 0
  private var writtenBytes = 0
  private var isClosed = false
  private var outstanding: Set<DeliveryID> = []
  private var held: [(ticket: Ticket, pending: Set<DeliveryID>)] = []
  private var dueHooks: [(id: DeliveryID, hook: DeliveryHooks.Hook)] = []
  /// The size of the write that is under way.
  private var writing = 0

  var isWriting: Bool { writing > 0 }
  /// Bytes that are not known to be written.
  var queuedBytes: Int { waitingBytes + begun.count + writing }
  var isIdle: Bool { isClosed || queuedBytes == 0 }
  /// All hooks have returned.
  var isSettled: Bool { outstanding.isEmpty }

  // MARK: Sending

  mutating func send(
    _ bytes: [UInt8], in batch: BatchID? = nil, ticket: Ticket? = nil, id: RequestID? = nil, hooks: DeliveryHooks? = nil
  ) {
    let part = Part(bytes: bytes, ticket: ticket, id: id, delivery: hooks.map { delivery($0) })
    guard let batch else { return append(Line(parts: [part])) }
    change(batch) {
      $0.parts.append(part)
      $0.missing -= 1
    }
  }

  /// Sends a notification, unless the same is queued already.
  mutating func send(update bytes: [UInt8], ticket: Ticket? = nil) {
    if !waiting.contains(where: { $0.parts.map(\.bytes) == [bytes] }) { send(bytes, ticket: ticket) }
  }

  /// Settles a reply that is not sent.
  mutating func discard(_ hooks: DeliveryHooks) { giveBack([delivery(hooks)]) }

  /// Takes back what is queued for a request and not begun to be written.
  mutating func withdraw(_ ticket: Ticket) { withdraw { $0.ticket == ticket } }

  /// Takes back a queued answer, also from a batch that is not complete.
  mutating func withdraw(_ id: RequestID) {
    withdraw { $0.id == id }
    for key in batches.keys {
      giveBack(batches[key]?.parts.filter { $0.id == id }.compactMap(\.delivery) ?? [])
      batches[key]?.parts.removeAll { $0.id == id }
    }
  }

  private mutating func withdraw(where isMeant: (Part) -> Bool) {
    for index in waiting.indices.reversed() where waiting[index].parts.contains(where: isMeant) {
      var line = waiting.remove(at: index)
      waitingBytes -= line.byteCount
      giveBack(line.parts.filter(isMeant).compactMap(\.delivery))
      line.parts.removeAll(where: isMeant)
      if line.parts.isEmpty { continue }
      waiting.insert(line, at: index)
      waitingBytes += line.byteCount
    }
  }

  private mutating func append(_ line: Line) {
    if isClosed { return giveBack(line.deliveries) }
    waiting.append(line)
    waitingBytes += line.byteCount
  }

  // MARK: Batches

  mutating func openBatch() -> BatchID {
    count += 1
    batches[BatchID(number: count)] = Batch()
    return BatchID(number: count)
  }

  /// All messages of the batch have been looked at.
  mutating func closeBatch(_ batch: BatchID) { change(batch) { $0.isWhole = true } }

  mutating func expectAnswer(in batch: BatchID?) { if let batch { change(batch) { $0.missing += 1 } } }

  /// An expected answer will not come.
  mutating func dropAnswer(in batch: BatchID?) { if let batch { change(batch) { $0.missing -= 1 } } }

  private mutating func change(_ id: BatchID, _ body: (inout Batch) -> Void) {
    guard var batch = batches[id] else { return }
    body(&batch)
    let isFinished = batch.isWhole && batch.missing == 0
    batches[id] = isFinished ? nil : batch
    if isFinished, !batch.parts.isEmpty { append(Line(parts: batch.parts, isBatch: true)) }
  }

  // MARK: Writing

  /// The next bytes to write, `limit` at most; `nil` while a write is under way, and when nothing is queued.
  mutating func nextWrite(limit: Int = 64 << 10) -> [UInt8]? {
    if isWriting { return nil }
    while begun.count < limit, !waiting.isEmpty {
      let line = waiting.removeFirst()
      waitingBytes -= line.byteCount
      begun += line.text
      beginning += line.byteCount
      outstanding.formUnion(line.deliveries.map(\.id))
      unfinished.append((beginning, line.deliveries))
    }
    let bytes = Array(begun.prefix(limit))
    begun = begun.dropFirst(limit)
    writing = bytes.count
    return bytes.isEmpty ? nil : bytes
  }

  mutating func written() {
    writtenBytes += writing
    writing = 0
    for line in unfinished.prefix(while: { $0.end <= writtenBytes }) { for reply in line.deliveries { settle(reply, \.delivered) } }
    unfinished.removeAll { $0.end <= writtenBytes }
  }

  mutating func writeFailed() {
    writing = 0
    close()
  }

  /// Nothing more is written: what has not left the process, or not wholly, is given back.
  mutating func close() {
    isClosed = true
    giveBack(unfinished.flatMap(\.deliveries) + waiting.flatMap(\.deliveries))
    (unfinished, waiting, waitingBytes, begun) = ([], [], 0, [])
  }

  // MARK: Hooks

  /// The hooks to call now.
  mutating func takeDueHooks() -> [(id: DeliveryID, hook: DeliveryHooks.Hook)] {
    defer { dueHooks = [] }
    return dueHooks
  }

  /// The calls that were held for this hook alone, in order.
  mutating func hookReturned(_ id: DeliveryID) -> [Ticket] {
    outstanding.remove(id)
    for index in held.indices { held[index].pending.remove(id) }
    defer { held.removeAll(where: \.pending.isEmpty) }
    return held.filter(\.pending.isEmpty).map(\.ticket)
  }

  /// Holds a call until the hooks that are outstanding now have returned. False if none is.
  mutating func hold(_ ticket: Ticket) -> Bool {
    if outstanding.isEmpty { return false }
    held.append((ticket, outstanding))
    return true
  }

  private mutating func delivery(_ hooks: DeliveryHooks) -> Delivery {
    count += 1
    return Delivery(id: DeliveryID(number: count), hooks: hooks)
  }

  private mutating func giveBack(_ deliveries: [Delivery]) { for reply in deliveries { settle(reply, \.undelivered) } }

  private mutating func settle(_ reply: Delivery, _ hook: KeyPath<DeliveryHooks, DeliveryHooks.Hook>) {
    outstanding.insert(reply.id)
    dueHooks.append((reply.id, reply.hooks[keyPath: hook]))
  }
}

/// Names a reply that has hooks.
struct DeliveryID: Hashable, Sendable {
  let number: Int
}

/// Names a batch that came in one line.
struct BatchID: Hashable, Sendable {
  let number: Int
}
