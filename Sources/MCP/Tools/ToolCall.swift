/// One call of a tool, as its handler sees it. When the client cancels the call, the handler's task is cancelled.
public struct ToolCall: Sendable {
  public let client: ClientInfo?
  /// When the request was read. It may have waited for its turn since.
  public let arrival: ContinuousClock.Instant
  let report: @Sendable (WorkReport) async -> Void

  /// Tells the client how far the call is (basic/utilities/progress), where it asked for that by a progress token.
  ///
  /// `progress` must rise from report to report: one that does not is left out. So is one after the call's end or cancellation, and one
  /// while the client is far behind with reading. `message` is sent to revisions that know it (since 2025-03-26).
  public func progress(_ progress: Double, total: Double? = nil, message: String? = nil) async {
    await report(.progress(Progress(value: progress, total: total, message: message)))
  }

  /// Lets the next call of a tool in turn begin: this one has written what has an order, and only waits from here on.
  public func leaveTurn() async { await report(.leftTurn) }
}

/// One report of progress.
struct Progress: Hashable, Sendable {
  let value: Double
  let total: Double?
  let message: String?
}
