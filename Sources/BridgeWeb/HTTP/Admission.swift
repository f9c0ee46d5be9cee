import NIOCore
import NIOHTTP1

/// Which connections are served: so many at a time. On the event loop only.
final class Admission {
  private let limits: WebLimits
  private var served: [ObjectIdentifier: any Channel] = [:]
  private var turnedAway = 0

  init(_ limits: WebLimits) { self.limits = limits }

  /// Sets up a connection that has just come.
  func admit(_ channel: any Channel, _ connection: () -> HTTPConnection) throws {
    let pipeline = channel.pipeline.syncOperations
    if served.count < limits.connections {
      let id = ObjectIdentifier(channel)
      served[id] = channel
      channel.closeFuture.assumeIsolated().whenComplete { _ in self.served[id] = nil }
      var heads = NIOHTTPDecoderLimitConfiguration()
      (heads.maxHeaderFieldSize, heads.maxHeaderListSize) = (WebLimits.head, WebLimits.head)
      try pipeline.configureHTTPServerPipeline(
        withErrorHandling: false, withEncoderConfiguration: .init(), withDecoderLimitConfiguration: heads)
      try pipeline.addHandler(connection())
    } else if turnedAway < limits.turnedAway {
      turnedAway += 1
      channel.closeFuture.assumeIsolated().whenComplete { _ in self.turnedAway -= 1 }
      try pipeline.addHandlers(HTTPResponseEncoder(), TurningAway(limits))
    } else {
      channel.close(promise: nil)
    }
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
