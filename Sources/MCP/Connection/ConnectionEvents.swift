import JSON

extension Connection {
  /// What happened.
  enum Event: Sendable {
    case opened
    case received([UInt8])
    case inputEnded
    case inputFailed(String)
    case written
    case writeFailed(String)
    /// Nobody can read the output any more, also where nothing is written.
    case outputBroke
    case progressed(Ticket, Progress)
    /// A call in turn has done what others wait for.
    case leftTurn(Ticket)
    /// The work of a call has ended, also after its cancellation.
    case finished(Ticket, Outcome)
    case hookReturned(DeliveryID)
    case ownerTold
    case resourceUpdated(String)
    case notified(method: String, params: JSONObject)
    case timerFired(Int)
    case shutDown
  }

  /// What to do.
  enum Action: Sendable {
    case read
    case write([UInt8])
    case start(Ticket, Work)
    case cancel(Ticket)
    case callHook(DeliveryID, DeliveryHooks.Hook)
    /// Tell the owner of the resources which ones anybody is subscribed to.
    case tellOwner(Set<String>)
    case tellReady(Session)
    /// Replaces the timer before it.
    case startTimer(Int, Duration)
    case close
    /// Nothing is under way any more.
    case finish(ServerEnd)
  }
}
