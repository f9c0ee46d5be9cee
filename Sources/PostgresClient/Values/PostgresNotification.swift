/// One NOTIFY as it arrived.
public struct PostgresNotification: Sendable, Hashable {
  public let channel: String
  /// At most 7,999 bytes; empty if none was given.
  public let payload: String
  /// The server process of the sender.
  public let processID: Int32

  public init(channel: String, payload: String, processID: Int32) {
    self.channel = channel
    self.payload = payload
    self.processID = processID
  }
}
