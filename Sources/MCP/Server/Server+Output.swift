extension Server {
  func answer(_ context: Context, _ result: WireObject) {
    send(Outbox.Part(bytes: MessageEncoder.response(context.request.id, result), id: context.request.id), context.target)
  }

  func refuse(_ id: RequestID?, _ error: RPCError, _ target: ReplyTarget = .line) {
    send(Outbox.Part(bytes: MessageEncoder.failure(id, error), id: id), target)
  }

  func send(_ part: Outbox.Part, _ target: ReplyTarget = .line) {
    switch target {
    case .line: send(Outbox.Line(parts: [part]))
    case .batch(let batch):
      if let line = batches.answer(batch, part) { send(line) }
    }
  }

  func send(_ line: Outbox.Line) {
    for delivery in outbox.append(line) { settle(delivery, .undelivered) }
    changed()
  }

  /// Writes what is queued, until the outbox is closed.
  func write(to transport: some ByteTransport) async {
    while !outbox.isClosed {
      guard let chunk = outbox.nextChunk() else {
        await wait { $0.outbox.isClosed || !$0.outbox.isIdle }
        continue
      }
      for delivery in chunk.begun { deliveries.begin(delivery) }
      do {
        try await transport.write(chunk.bytes)
        for delivery in outbox.chunkWritten() { settle(delivery, .delivered) }
        chunksWritten += 1
      } catch {
        closeOutput()
        end(.connectionLost("standard output: \(error)"))
      }
      changed()
    }
  }

  /// What is not written by now never will be.
  func closeOutput() {
    for delivery in outbox.close() { settle(delivery, .undelivered) }
    changed()
  }

  /// Calls the hook that is due, off the critical path.
  func settle(_ delivery: DeliveryID, _ fate: DeliveryLedger<CheckedContinuation<Void, Never>>.Fate) {
    guard let hook = deliveries.settle(delivery, fate) else { return }
    Task(executorPreference: executor) {
      await hook()
      await self.hookReturned(delivery)
    }
  }

  private func hookReturned(_ delivery: DeliveryID) {
    for waiter in deliveries.hookReturned(delivery) { waiter.resume() }
    changed()
  }

  /// Returns when the hooks of all replies that the client may have seen have returned, and those of replies that it never will see.
  func settleDeliveries() async {
    if deliveries.outstanding.isEmpty { return }
    await withCheckedContinuation { deliveries.wait($0) }
  }
}
