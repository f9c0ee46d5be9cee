import JSON
import Logging

/// The protocol with one client, as a value: it takes what happened and returns what to do.
struct Connection: Sendable {
  private let limits: ServerLimits
  private let logger: Logger
  private let dispatcher: Dispatcher
  private var framer: LineFramer
  private(set) var calls: Calls
  private(set) var subscriptions: Subscriptions
  private var output = Output()
  /// After the handshake.
  private(set) var agreement: Session?
  private var ending = Ending()
  private var isReading = false
  private var actions: [Action] = []

  init(_ definition: ServerDefinition, policy: ProtocolPolicy = .auto, limits: ServerLimits = ServerLimits(), logger: Logger) {
    self.limits = limits
    self.logger = logger
    dispatcher = Dispatcher(definition: definition, policy: policy, logger: logger)
    framer = LineFramer(limit: limits.lineBytes)
    subscriptions = Subscriptions(limit: limits.subscriptions)
    calls = Calls(concurrent: limits.concurrentCalls, waiting: limits.waitingCalls)
  }

  private var isBehind: Bool { output.queuedBytes > limits.queuedOutputBytes }
  /// Whether a notification of the owner would be sent: the handshake era allows that, while the client is not far behind.
  var acceptsNotifications: Bool { agreement != nil && ending.reason == nil && !isBehind }

  mutating func handle(_ event: Event) -> [Action] {
    take(event)
    readOn()
    moveOn()
    if let bytes = output.nextWrite() { actions.append(.write(bytes)) }
    for due in output.takeDueHooks() { actions.append(.callHook(due.id, due.hook)) }
    defer { actions = [] }
    return actions
  }

  private mutating func take(_ event: Event) {
    switch event {
    case .opened: ending.open()
    case .received(let bytes):
      isReading = false
      framer.append(bytes)
    case .inputEnded:
      isReading = false
      // A last line without its end is served if it is a whole message. Nobody waits for an answer to half of one.
      if ending.reason == nil, let line = framer.rest(), line.isJSON { receive(line) }
      end(.endOfInput)
    case .inputFailed(let reason):
      isReading = false
      end(.connectionLost("standard input: \(reason)"))
    case .written:
      output.written()
      if ending.stage == .flushing { startGrace() }
    case .writeFailed(let reason):
      output.writeFailed()
      end(.connectionLost("standard output: \(reason)"))
    case .outputBroke: end(.connectionLost("standard output: nobody reads it"))
    case .progressed(let ticket, let progress): report(progress, ticket)
    case .leftTurn(let ticket):
      calls.leaveTurn(ticket)
      admitCalls()
    case .finished(let ticket, let outcome): finished(ticket, outcome)
    case .hookReturned(let id):
      for ticket in output.hookReturned(id) { start(ticket) }
    case .ownerTold:
      subscriptions.ownerTold()
      subscriptionsChanged()
    case .resourceUpdated(let uri): sendUpdate(of: uri)
    case .notified(let method, let params):
      if agreement != nil { output.send(MessageEncoder.notification(method, params)) }
    case .timerFired(let number): ending.timerFired(number)
    case .shutDown: end(.shutdown)
    }
  }
}

// MARK: - Input

extension Connection {
  /// Takes the lines that are there and asks for more, but stands still while too much is under way: so memory stays bounded.
  private mutating func readOn() {
    while ending.stage == .serving, ending.reason == nil, !calls.isFull, !isBehind {
      guard let line = framer.next() else {
        if !isReading { actions.append(.read) }
        isReading = true
        return
      }
      receive(line)
    }
  }

  private mutating func receive(_ line: LineFramer.Line) {
    do throws(RPCError) {
      let batchLimit = agreement?.revision.hasBatches == true ? limits.batchEntries : 0
      let (messages, isBatch) = try line.messages(lineLimit: limits.lineBytes, batchLimit: batchLimit)
      let batch = isBatch ? output.openBatch() : nil
      for message in messages { receive(message, in: batch) }
      if let batch { output.closeBatch(batch) }
    } catch {
      logger.debug("a line is refused", metadata: ["reason": "\(error.message)"])
      refuse(nil, error)
    }
  }

  private mutating func receive(_ message: Incoming, in batch: BatchID? = nil) {
    switch message {
    case .request(let request):
      output.expectAnswer(in: batch)
      logger.debug("request", metadata: ["method": "\(request.method.prefix(64))"])
      do throws(RPCError) { try serve(request, in: batch) } catch { refuse(request.id, error, in: batch) }
    case .notification("notifications/cancelled", let params):
      if let id = RequestID(params["requestId"]) { cancel(id) }
    case .notification("notifications/initialized", _):
      if let agreement { actions.append(.tellReady(agreement)) }
    case .notification, .response: break
    case .invalid(let id, let error):
      output.expectAnswer(in: batch)
      refuse(id, error, in: batch)
    }
  }

  private mutating func serve(_ request: Incoming.Request, in batch: BatchID?) throws(RPCError) {
    if calls.ticket(of: request.id) != nil {
      throw RPCError(.invalidRequest, "The id of the request is in use by one that is not answered yet: use another.")
    }
    let (revision, demand) = try dispatcher.demand(of: request, agreed: agreement, inBatch: batch != nil)
    switch demand {
    case .answer(let result): answer(request.id, result, in: batch)
    case .agree(let session, let result):
      agreement = session
      answer(request.id, result, in: batch)
    case .carryOut(let work, let isInTurn):
      let token = RequestID(request.params["_meta"]?[MetaKey.progressToken])
      calls.enqueue(calls.add(request.id, revision, in: batch, progressToken: token), inTurn: isInTurn, work)
      admitCalls()
    case .subscribe(let uri):
      try subscriptions.requireRoom(for: uri)
      subscriptions.subscribe(calls.add(request.id, revision, in: batch), to: uri)
      subscriptionsChanged()
    case .unsubscribe(let uri):
      subscriptions.unsubscribe(uri)
      subscriptionsChanged()
      answer(request.id, dispatcher.emptyResult(for: revision), in: batch)
    case .listen(let honoured):
      try subscriptions.requireRoomForStream()
      let ticket = calls.add(request.id, revision, in: batch, isSubscription: true)
      subscriptions.open(ticket, honoured)
      subscriptionsChanged()
    }
  }

  private mutating func answer(_ id: RequestID, _ result: JSONObject, in batch: BatchID?) {
    output.send(MessageEncoder.response(id, result), in: batch, id: id)
  }

  private mutating func refuse(_ id: RequestID?, _ error: RPCError, in batch: BatchID? = nil) {
    output.send(MessageEncoder.failure(id, error), in: batch, id: id)
  }
}

// MARK: - Calls

extension Connection {
  private mutating func admitCalls() {
    while let ticket = calls.admit() {
      if !output.hold(ticket) { start(ticket) }
    }
  }

  private mutating func start(_ ticket: Ticket) { if let work = calls.start(ticket) { actions.append(.start(ticket, work)) } }

  private mutating func finished(_ ticket: Ticket, _ outcome: Outcome) {
    calls.finish(ticket)
    switch (outcome, calls.remove(ticket)) {
    case (.reply(let bytes, let hooks), let entry?):
      output.send(bytes, in: entry.batch, ticket: ticket, id: entry.id, hooks: hooks)
    case (.reply(_, let hooks?), nil): output.discard(hooks)
    case (.silence, let entry?): output.dropAnswer(in: entry.batch)
    default: break
    }
    admitCalls()
  }

  /// Nothing more is sent for the request (basic/utilities/cancellation). An id that is not in flight is ignored, except that its answer may
  /// still be queued.
  private mutating func cancel(_ id: RequestID) {
    guard let ticket = calls.ticket(of: id) else { return output.withdraw(id) }
    abandon(ticket)
    output.withdraw(ticket)
    admitCalls()
  }

  /// Gives a request up: whatever its handler still returns is not sent.
  private mutating func abandon(_ ticket: Ticket) {
    guard let entry = calls.remove(ticket) else { return }
    if subscriptions.close(ticket) {
      subscriptionsChanged()
    } else if entry.work == nil {
      actions.append(.cancel(ticket))
    }
    output.dropAnswer(in: entry.batch)
  }

  /// basic/utilities/progress. While the client is far behind, reports are left out.
  private mutating func report(_ progress: Progress, _ ticket: Ticket) {
    guard !isBehind, let (token, revision) = calls.progress(ticket, to: progress.value) else { return }
    output.send(MessageEncoder.progress(progress, token, for: revision), ticket: ticket)
  }
}

// MARK: - Subscriptions

extension Connection {
  /// 2026-07-28 basic/patterns/subscriptions: registered with the owner first, then acknowledged, then told of changes.
  private mutating func subscriptionsChanged() {
    acknowledgeKnown()
    guard let uris = subscriptions.tellOwner() else { return }
    if dispatcher.definition.subscriptionsChanged != nil { return actions.append(.tellOwner(uris)) }
    subscriptions.ownerTold()
    acknowledgeKnown()
  }

  private mutating func acknowledgeKnown() {
    for (ticket, honoured) in subscriptions.takeKnown() {
      guard let updates = subscriptions.acknowledge(ticket) else {
        if let entry = calls.remove(ticket) {
          answer(entry.id, dispatcher.emptyResult(for: entry.revision), in: entry.batch)
        }
        continue
      }
      guard let entry = calls[ticket] else { continue }
      output.send(MessageEncoder.acknowledgement(entry.id, honoured), ticket: ticket)
      for uri in updates { sendUpdate(of: uri, to: ticket) }
    }
  }

  private mutating func sendUpdate(of uri: String) {
    if subscriptions.handshake.contains(uri) { output.send(update: MessageEncoder.update(of: uri)) }
    for ticket in subscriptions.updated(uri) { sendUpdate(of: uri, to: ticket) }
  }

  private mutating func sendUpdate(of uri: String, to ticket: Ticket) {
    guard let entry = calls[ticket] else { return }
    output.send(update: MessageEncoder.update(of: uri, subscription: entry.id), ticket: ticket)
  }
}

// MARK: - The end

extension Connection {
  private mutating func moveOn() {
    while let stage = ending.next(isDone: isDone) {
      enter(stage)
      if !isDone { startGrace() }
    }
  }

  private mutating func end(_ reason: ServerEnd) { if ending.begin(reason), ending.stage == .flushing { startGrace() } }

  private mutating func startGrace() {
    if let grace = limits.grace(of: ending.stage, after: ending.reason) { actions.append(.startTimer(ending.startTimer(), grace)) }
  }

  private var isDone: Bool {
    switch ending.stage {
    case .new, .ended: false
    case .serving: ending.reason != nil
    case .finishingCalls: ending.reason != .endOfInput || calls.unanswered.isEmpty
    case .flushing: output.isIdle
    case .awaitingHandlers: !calls.isRunning
    case .closing: !isReading && !output.isWriting && output.isSettled && !subscriptions.isTelling
    }
  }

  private mutating func enter(_ stage: Ending.Stage) {
    switch stage {
    case .new, .serving, .finishingCalls: break
    case .flushing:
      for ticket in calls.unanswered { abandon(ticket) }
      endSubscriptions()
    case .awaitingHandlers: output.close()
    case .closing: actions.append(.close)
    case .ended: actions.append(.finish(ending.reason ?? .shutdown))
    }
  }

  /// Each subscription gets its result, and nothing else.
  private mutating func endSubscriptions() {
    for ticket in subscriptions.openStreams {
      guard let entry = calls.remove(ticket) else { continue }
      let result = dispatcher.emptyResult(for: entry.revision, subscription: entry.id)
      output.send(MessageEncoder.response(entry.id, result), ticket: ticket, id: entry.id)
    }
    subscriptions.closeAll()
    subscriptionsChanged()
  }
}
