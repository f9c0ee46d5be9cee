extension Server {
  /// Takes a request in: from now on it can be cancelled.
  func register(_ context: Context, isSubscription: Bool = false) -> Ticket {
    ticketCount += 1
    let ticket = Ticket(number: ticketCount)
    inFlight.add(
      ticket, id: context.request.id, revision: context.session.revision, target: context.target,
      progressToken: RequestID(context.params["_meta"]?[MetaKey.progressToken]), isSubscription: isSubscription)
    return ticket
  }

  /// Carries a request out as soon as fewer than the most are.
  func carryOut(_ ticket: Ticket, _ work: @escaping Work) {
    if admission.admit(ticket) {
      start(ticket, work)
    } else {
      waitingWork[ticket] = work
    }
  }

  private func start(_ ticket: Ticket, _ work: @escaping Work) {
    tasks[ticket] = Task(executorPreference: executor) { await self.carryOutNow(ticket, work) }
  }

  private func carryOutNow(_ ticket: Ticket, _ work: Work) async {
    await settleDeliveries()
    // What was cancelled before its time came is not carried out at all.
    let outcome = inFlight[ticket] == nil ? Outcome.silence : await work()
    completed(ticket, outcome)
  }

  private func completed(_ ticket: Ticket, _ outcome: Outcome) {
    tasks[ticket] = nil
    if let next = admission.finish(ticket), let work = waitingWork.removeValue(forKey: next) { start(next, work) }
    let entry = inFlight.remove(ticket)
    switch outcome {
    case .silence:
      if let entry { drop(entry.target) }
    case .reply(let bytes, let hooks):
      let delivery = hooks.map { deliveries.add($0) }
      if let entry {
        send(Outbox.Part(bytes: bytes, ticket: ticket, id: entry.id, delivery: delivery), entry.target)
      } else if let delivery {
        settle(delivery, .undelivered)
      }
    }
    changed()
  }

  /// Nothing more is sent for the request (basic/utilities/cancellation). An id that is not in flight is none of our business, except
  /// that its answer may still be on its way.
  func cancel(_ id: RequestID) {
    var unsent: [DeliveryID] = []
    if let ticket = inFlight.ticket(of: id) {
      abandon(ticket)
      unsent = outbox.withdraw { $0.ticket == ticket }
    } else {
      unsent = outbox.withdraw { $0.id == id } + batches.withdraw(id)
    }
    for delivery in unsent { settle(delivery, .undelivered) }
    changed()
  }

  /// Gives a request up: whatever its handler still returns is not sent.
  func abandon(_ ticket: Ticket) {
    guard let entry = inFlight.remove(ticket) else { return }
    if entry.isSubscription { closeSubscription(ticket) }
    tasks[ticket]?.cancel()
    if admission.withdraw(ticket) { waitingWork[ticket] = nil }
    drop(entry.target)
  }

  private func drop(_ target: ReplyTarget) {
    if case .batch(let batch) = target, let line = batches.drop(batch) { send(line) }
  }

  /// basic/utilities/progress. While the client is far behind, reports are left out.
  func report(_ progress: Progress, _ ticket: Ticket) {
    guard outbox.queuedBytes <= limits.queuedOutputBytes else { return }
    guard let (token, revision) = inFlight.progress(ticket, to: progress.value) else { return }
    var params = WireObject(for: revision)
    params.set(Fields.Progress.token, token.json)
    params.set(Fields.Progress.progress, .number(progress.value))
    params.set(Fields.Progress.total, progress.total.map { .number($0) })
    params.set(Fields.Progress.message, progress.message)
    send(Outbox.Part(bytes: MessageEncoder.notification("notifications/progress", params), ticket: ticket))
  }
}
