/// Names a batch that came in one line.
struct BatchID: Hashable, Sendable {
  let number: Int
}

/// Gathers the answers to the requests of a batch (2025-03-26 basic, Batching).
struct Batches: Sendable {
  private struct Batch {
    var missing = 0
    var isWhole = false
    var parts: [Outbox.Part] = []
  }

  private var batches: [BatchID: Batch] = [:]
  private var count = 0

  mutating func open() -> BatchID {
    count += 1
    batches[BatchID(number: count)] = Batch()
    return BatchID(number: count)
  }

  /// One more answer will come.
  mutating func expect(_ id: BatchID) {
    batches[id]?.missing += 1
  }

  mutating func answer(_ id: BatchID, _ part: Outbox.Part) -> Outbox.Line? {
    batches[id]?.parts.append(part)
    return drop(id)
  }

  /// An answer that was expected will not come.
  mutating func drop(_ id: BatchID) -> Outbox.Line? {
    batches[id]?.missing -= 1
    return finish(id)
  }

  /// All messages of the batch have been looked at.
  mutating func close(_ id: BatchID) -> Outbox.Line? {
    batches[id]?.isWhole = true
    return finish(id)
  }

  /// Takes out the answer to a request; its delivery.
  mutating func withdraw(_ id: RequestID) -> [DeliveryID] {
    var withdrawn: [DeliveryID] = []
    for key in batches.keys {
      withdrawn += batches[key]?.parts.filter { $0.id == id }.compactMap(\.delivery) ?? []
      batches[key]?.parts.removeAll { $0.id == id }
    }
    return withdrawn
  }

  private mutating func finish(_ id: BatchID) -> Outbox.Line? {
    guard let batch = batches[id], batch.isWhole, batch.missing == 0 else { return nil }
    batches[id] = nil
    return batch.parts.isEmpty ? nil : Outbox.Line(parts: batch.parts, isBatch: true)
  }
}
