extension Server {
  func subscribe(_ context: Context) throws(RPCError) {
    let uri = try context.string("uri")
    guard exists(uri) else { throw notFound(uri, context.session.revision) }
    guard subscriptions.handshake.count < limits.subscriptions || subscriptions.handshake.contains(uri) else {
      throw RPCError(.invalidRequest, "There are \(limits.subscriptions) subscriptions already: end one first.")
    }
    subscriptions.subscribe(uri)
    let change = subscriptionsChanged()
    let ticket = register(context)
    Task {
      await change?.value
      guard inFlight.remove(ticket) != nil else { return }
      answer(context, context.encoder(definition).result())
    }
  }

  func unsubscribe(_ context: Context) throws(RPCError) {
    subscriptions.unsubscribe(try context.string("uri"))
    subscriptionsChanged()
    answer(context, context.encoder(definition).result())
  }

  /// 2026-07-28 basic/patterns/subscriptions: registered first, then acknowledged, then told of changes.
  func listen(_ context: Context) throws(RPCError) {
    let filter = try SubscriptionFilter(context.params)
    guard subscriptions.streamCount < limits.subscriptions else {
      throw RPCError(.invalidRequest, "There are \(limits.subscriptions) subscriptions already: end one first.")
    }
    let honoured = filter.honoured(where: exists).map { Array($0.prefix(limits.subscriptions)) }
    let ticket = register(context, isSubscription: true)
    subscriptions.open(ticket, Set(honoured ?? []))
    let change = subscriptionsChanged()
    Task {
      await change?.value
      acknowledge(ticket, honoured)
    }
  }

  private func acknowledge(_ ticket: Ticket, _ honoured: [String]?) {
    guard let held = subscriptions.acknowledge(ticket) else { return }
    sendFrame(ticket, "notifications/subscriptions/acknowledged") {
      $0.nest(Fields.Subscription.notifications) {
        $0.set(Fields.Subscription.resourceSubscriptions, honoured.map { .array($0.map { .string($0) }) })
      }
    }
    for uri in held { sendUpdate(of: uri, to: ticket) }
  }

  func sendUpdate(of uri: String) {
    if subscriptions.handshake.contains(uri), let revision = agreement?.revision {
      var params = WireObject(for: revision)
      params.set(Fields.Item.uri, uri)
      let part = Outbox.Part(bytes: MessageEncoder.notification("notifications/resources/updated", params))
      send(Outbox.Line(parts: [part], key: Outbox.CoalescingKey(subscription: nil, uri: uri)))
    }
    for ticket in subscriptions.updated(uri) { sendUpdate(of: uri, to: ticket) }
  }

  private func sendUpdate(of uri: String, to ticket: Ticket) {
    let key = Outbox.CoalescingKey(subscription: ticket, uri: uri)
    sendFrame(ticket, "notifications/resources/updated", key) { $0.set(Fields.Item.uri, uri) }
  }

  private func sendFrame(
    _ ticket: Ticket, _ method: String, _ key: Outbox.CoalescingKey? = nil, _ build: (inout WireObject) -> Void
  ) {
    guard let entry = inFlight[ticket] else { return }
    var params = WireObject(for: entry.revision)
    params.nest(Fields.Subscription.meta) { $0.set(Fields.Result.subscriptionID, entry.id.json) }
    build(&params)
    send(Outbox.Line(parts: [Outbox.Part(bytes: MessageEncoder.notification(method, params), ticket: ticket)], key: key))
  }

  func closeSubscription(_ ticket: Ticket) {
    subscriptions.close(ticket)
    subscriptionsChanged()
  }

  /// The server ends: each subscription gets its result, and nothing else.
  func endSubscriptions() {
    for ticket in subscriptions.openStreams {
      guard let entry = inFlight.remove(ticket) else { continue }
      let result = ResultEncoder(revision: entry.revision, definition: definition).result(subscription: entry.id)
      send(Outbox.Part(bytes: MessageEncoder.response(entry.id, result), ticket: ticket, id: entry.id))
    }
    subscriptions.removeAll()
    subscriptionsChanged()
  }

  /// Tells the owner, one change after the other; the task ends when it knows of this one.
  @discardableResult
  private func subscriptionsChanged() -> Task<Void, Never>? {
    let uris = subscriptions.uris
    guard let tell = definition.subscriptionsChanged, uris != toldURIs else { return subscriptionWork }
    toldURIs = uris
    let previous = subscriptionWork
    let task = Task {
      await previous?.value
      await tell(uris)
    }
    subscriptionWork = task
    return task
  }
}
