/// Where a task stands: `pending -> in_progress -> completed | failed`.
public enum TaskStatus: String, Sendable, CaseIterable, CustomStringConvertible {
  case pending
  case inProgress = "in_progress"
  case completed
  case failed

  /// An ended task stays ended.
  public var isEnded: Bool { self == .completed || self == .failed }

  public var description: String { rawValue }
}
