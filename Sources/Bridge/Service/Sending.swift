import Synchronization

extension BridgeService {
  /// - Throws: `invalidValue`, `unknownRecipient`, `keyReused`, `notFound`, `ambiguous`.
  public func send(
    to recipient: Identity, content: String, references: MessageReferences = MessageReferences()
  ) async throws(BridgeError) -> SendReceipt {
    try await send(to: recipient, content: content, references, reservation: nil)
  }

  private func send(
    to recipient: Identity, content: String, _ references: MessageReferences, reservation: ReplyReservation?
  ) async throws(BridgeError) -> SendReceipt {
    var message = NewMessage(id: newID(), sender: identity, recipient: recipient, content: content)
    (message.references, message.reservation) = (references, reservation)
    try message.validate()
    try requireCaller()
    await introduceSession()
    return try await store.send(message)
  }

  /// Sends a message to every other known agent.
  ///
  /// - Throws: `invalidValue`, `keyReused`, `notFound`, `ambiguous`.
  public func broadcast(
    content: String, references: MessageReferences = MessageReferences()
  ) async throws(BridgeError) -> [SendReceipt] {
    let broadcast = Broadcast(
      sender: identity, content: content, references: references, ids: (0..<Limits.recipients).map { _ in newID() })
    try broadcast.message("", to: identity).validate()
    try requireCaller()
    await introduceSession()
    return try await store.broadcast(broadcast)
  }

  /// Sends a message, and waits for the reply to it; nothing else is taken. A repeated idempotency key returns the reply even if it was read,
  /// marked as redelivered.
  ///
  /// - Parameters:
  ///   - waitSeconds: 1 to 55.
  ///   - isSent: called once the message is stored.
  /// - Returns: the reply, to be confirmed or given back like what is read; empty after the time-out, and where the store fails meanwhile: an
  ///   error would hide that the message was sent.
  public func ask(
    _ recipient: Identity, content: String, references: MessageReferences = MessageReferences(), waitSeconds: Int,
    isSent: () async -> Void = {}
  ) async throws -> (receipt: SendReceipt, reply: Delivery) {
    let reservation = ReplyReservation(instance: instance)
    let receipt = try await send(to: recipient, content: content, references, reservation: reservation)
    leases.began(reservation.lease)
    await isSent()
    return (receipt, try await CallStart.with(nil) { try await reply(to: receipt, reservation, within: waitSeconds) })
  }

  private func reply(to receipt: SendReceipt, _ reservation: ReplyReservation, within waitSeconds: Int) async throws -> Delivery {
    var request = TakeRequest(agent: identity, limit: 1, instance: instance)
    request.reply = AwaitedReply(message: receipt.messageID, lease: reservation.lease, includesRead: receipt.duplicate)
    do {
      var reply = try await take(request, within: waitSeconds)
      if reply.isEmpty {
        // Another session that has asked the same by this key may have read it.
        request.reply?.includesRead = true
        reply = try await take(request, within: 0)
      }
      for index in reply.messages.indices where reply.messages[index].readAt != nil { reply.messages[index].redelivered = true }
      if reply.isEmpty { await leases.undo(reservation.lease) } else { await leases.confirm(reservation.lease) }
      return reply
    } catch {
      // A reply that came meanwhile is anybody's of this session.
      await Task { await leases.undo(reservation.lease) }.value
      guard let error = error as? BridgeError, !Task.isCancelled else { throw error }
      logger.warning("the wait for a reply failed", metadata: ["error": "\(error)"])
      return Delivery()
    }
  }

  /// An id that tells the session and the instance.
  func newID() -> String { UniqueID.make(stamp: instance.stamp) }

  /// Makes the session known before it asks for anything, so that an answer finds it.
  func introduceSession() async {
    let instance = instance
    guard instance.session != nil, !instance.isCommand, !isKnown.load(ordering: .relaxed) else { return }
    await signOfLife()
  }
}
