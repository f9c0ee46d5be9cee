/// One call of a tool, as its handler sees it. When the client cancels the call, the handler's task is cancelled.
public struct ToolCall: Sendable {
  public let client: ClientInfo?
  /// When the request was read. It may have waited for its turn since.
  public let arrival: ContinuousClock.Instant
  let report: @Sendable (Progress) async -> Void

  /// Tells the client how far the call is (basic/utilities/progress), where it asked for that by a progress token.
  ///
  /// `progress` must rise from report to report: one that does not is left out. So is one after the call's end or cancellation, and one
  /// while the client is far behind with reading. `message` is sent to revisions that know it (since 2025-03-26).
  public func progress(_ progress: Double, total: Double? = nil, message: String? = nil) async {
    await report(Progress(value: progress, total: total, message: message))
  }
}

/// One report of progress.
struct Progress: Hashable, Sendable {
  let value: Double
  let total: Double?
  let message: String?
}
