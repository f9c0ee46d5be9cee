import NIOCore

/// What a client may ask of the server. Tests set shorter times.
struct WebLimits: Sendable {
  /// Bytes of a request's head, and of its body.
  static let head = 16 << 10
  static let body = 1 << 20

  /// Connections that are served at a time.
  var connections = 32
  /// Connections beyond these that are told so; the others are closed at once.
  var turnedAway = 32
  /// After that a connection without the key gives way to a new one where there are too many.
  var strange = TimeAmount.seconds(1)
  /// From the beginning of a connection to the end of the first head.
  var firstHead = TimeAmount.seconds(5)
  /// From one answer to the end of the next head, and from a head to the end of its body.
  var idle = TimeAmount.seconds(30)
  /// How long a client may take nothing of what waits for it.
  var stalled = TimeAmount.seconds(30)
  /// How long the rest of what a client sends is read after the last answer, so that the answer is not lost with the connection.
  var lingering = TimeAmount.seconds(1)
}
