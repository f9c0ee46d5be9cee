extension Server {
  /// Begins the end; the first reason counts.
  func end(_ reason: ServerEnd) {
    if end != nil { return }
    logger.debug("the connection ends", metadata: ["reason": "\(reason)"])
    end = reason
    changed()
  }

  func finish(_ transport: some ByteTransport) async {
    if end == .endOfInput { await wait(upTo: limits.endOfInputGrace) { !$0.inFlight.hasCalls } }
    for ticket in inFlight.calls { abandon(ticket) }
    endSubscriptions()
    await flush()
    closeOutput()
    await wait(upTo: limits.stallGrace) { $0.tasks.isEmpty }
    transport.close()
  }

  /// Writes what is queued for as long as the client takes some of it now and then.
  private func flush() async {
    while !outbox.isIdle {
      let before = chunksWritten
      await wait(upTo: limits.stallGrace) { $0.outbox.isIdle || $0.chunksWritten != before }
      if chunksWritten == before { return }
    }
  }
}

extension Server {
  /// Something has changed that somebody may wait for.
  func changed() {
    let waiting = observers
    observers = []
    for observer in waiting { observer.resume() }
  }

  func wait(until condition: (isolated Server) -> Bool) async {
    while !condition(self) {
      await withCheckedContinuation { observers.append($0) }
    }
  }

  /// Waits, but not for ever.
  func wait(upTo duration: Duration, until condition: (isolated Server) -> Bool) async {
    if condition(self) { return }
    let timer = Timer()
    let task = Task {
      try? await clock.sleep(for: duration)
      timer.expire()
      changed()
    }
    while !timer.isExpired, !condition(self) {
      await withCheckedContinuation { observers.append($0) }
    }
    task.cancel()
  }
}
