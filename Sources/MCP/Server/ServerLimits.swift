/// What bounds a server's memory and its end.
public struct ServerLimits: Hashable, Sendable {
  /// A longer line (bytes, without its end) is answered with an error and not kept.
  public var lineBytes = 4 << 20
  /// Calls that are carried out at one time. Further ones wait in order, while cancellations, pings, lists and errors still go through.
  public var concurrentCalls = 64
  /// Calls that may wait. While there are as many, no input is read, so that not even a cancellation gets through until a call ends.
  public var waitingCalls = 256
  /// While more bytes are queued for output, no input is read, and progress and custom notifications are dropped.
  public var queuedOutputBytes = 4 << 20
  /// Messages in one batch.
  public var batchEntries = 256
  /// Open `subscriptions/listen` requests, and also the URIs that a client may be subscribed to.
  public var subscriptions = 256
  /// After the end of input: how long calls may go on before they are cancelled.
  public var endOfInputGrace: Duration = .milliseconds(80)
  /// At the end: how long the output may stand still, and how long cancelled handlers may take, before they are given up.
  public var stallGrace: Duration = .milliseconds(60)

  public init() {}
}
