import NIOCore
import NIOHTTP1

/// Which connections are served: so many at a time. On the event loop only.
final class Admission {
  private let limits: WebLimits
  private var served: [ObjectIdentifier: any Channel] = [:]
  /// Those of them that have not shown the cookie or the key, the oldest first.
  private var strangers: [(id: ObjectIdentifier, since: NIODeadline)] = []
  private var turnedAway = 0

  init(_ limits: WebLimits) { self.limits = limits }

  /// Sets up a connection that has just come.
  ///
  /// - Parameter connection: makes its handler, which calls what it is given once the client is known.
  func admit(_ channel: any Channel, _ connection: (_ isKnown: @escaping () -> Void) -> HTTPConnection) throws {
    let pipeline = channel.pipeline.syncOperations
    if served.count >= limits.connections { makeRoom() }
    if served.count < limits.connections {
      let id = ObjectIdentifier(channel)
      served[id] = channel
      strangers.append((id, .now()))
      channel.closeFuture.assumeIsolated().whenComplete { _ in
        self.served[id] = nil
        self.isKnown(id)
      }
      var heads = NIOHTTPDecoderLimitConfiguration()
      (heads.maxHeaderFieldSize, heads.maxHeaderListSize) = (WebLimits.head, WebLimits.head)
      try pipeline.configureHTTPServerPipeline(
        withErrorHandling: false, withEncoderConfiguration: .init(), withDecoderLimitConfiguration: heads)
      try pipeline.addHandler(connection { self.isKnown(id) })
    } else if turnedAway < limits.turnedAway {
      turnedAway += 1
      channel.closeFuture.assumeIsolated().whenComplete { _ in self.turnedAway -= 1 }
      try pipeline.addHandlers(HTTPResponseEncoder(), TurningAway(limits))
    } else {
      channel.close(promise: nil)
    }
  }

  private func isKnown(_ id: ObjectIdentifier) { strangers.removeAll { $0.id == id } }

  /// Closes the oldest connection that has had time to show the key, so that who does not have it cannot keep the others out.
  private func makeRoom() {
    guard let oldest = strangers.first, oldest.since + limits.strange < .now() else { return }
    isKnown(oldest.id)
    served.removeValue(forKey: oldest.id)?.close(promise: nil)
  }

  func closeAll() {
    for channel in served.values { channel.close(promise: nil) }
  }
}

/// Tells a client that there are too many.
private final class TurningAway: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = HTTPServerResponsePart

  private let limits: WebLimits
  private static let refusal = Refusal(
    .serviceUnavailable, "too_many_connections", "This server has too many connections: close tabs of the page, and try again.")

  init(_ limits: WebLimits) { self.limits = limits }

  func channelActive(context: ChannelHandlerContext) {
    let response = Self.refusal.response(isForProgram: false)
    context.write(wrapOutboundOut(.head(response.head(.http1_1, isFollowed: false))), promise: nil)
    context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: response.body)))), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    context.lingerAndClose(for: limits.lingering)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case ChannelEvent.inputClosed = event { context.close(promise: nil) }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

extension ChannelHandlerContext {
  /// Ends the output, and the connection once the client has ended its own. To close it at once, while something unread has come, would
  /// take from the client what was sent.
  func lingerAndClose(for time: TimeAmount) {
    close(mode: .output, promise: nil)
    let channel = channel
    eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
  }
}
