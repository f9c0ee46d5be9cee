import NIOCore
import NIOHTTP1

/// One connection: reads requests, and answers them one after the other. On the event loop only.
final class HTTPConnection: ChannelInboundHandler, EventClient {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private enum State {
    /// Nothing of a request has come.
    case idle
    /// A request is being read.
    case receiving(Request)
    /// It is being answered.
    case answering(HTTPRequestHead)
    /// The event stream.
    case streaming
    /// Everything is said: what still comes is ignored.
    case ending
  }

  private struct Request {
    let head: HTTPRequestHead
    let route: Route
    let target: RequestTarget
    var body = ByteBuffer()
  }

  private let access: Access
  private let api: WebAPI
  private let hub: EventHub
  private let limits: WebLimits
  private let isKnown: () -> Void
  private var context: ChannelHandlerContext?
  private var state = State.idle
  /// Ends a connection whose client takes too long.
  private var patience: Scheduled<Void>?
  private var work: Task<Void, Never>?
  private var isWriting = false
  /// No other request will come.
  private var isInputClosed = false

  // MARK: The event stream

  private(set) var lastEventID: String?
  var cursor = EventCursor()

  /// - Parameter isKnown: called when the client has shown the key or the cookie.
  init(access: Access, api: WebAPI, hub: EventHub, limits: WebLimits, isKnown: @escaping () -> Void) {
    (self.access, self.api, self.hub, self.limits, self.isKnown) = (access, api, hub, limits, isKnown)
  }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func channelActive(context: ChannelHandlerContext) {
    wait(limits.firstHead)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    end()
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    end()
    self.context = nil
  }

  private func end() {
    state = .ending
    patience?.cancel()
    work?.cancel()
    hub.remove(self)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard case ChannelEvent.inputClosed = event else { return context.fireUserInboundEventTriggered(event) }
    isInputClosed = true
    // Who asked before may still listen for the answer.
    if case .answering = state { return }
    context.close(promise: nil)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard let error = error as? HTTPParserError else { return context.close(promise: nil) }
    switch state {
    case .idle, .receiving: refuse(error == .headerOverflow ? .headTooLarge : .badRequest)
    default: context.close(promise: nil)
    }
  }

  /// Closes the connection after a time, unless something else is waited for before.
  private func wait(_ time: TimeAmount) {
    patience?.cancel()
    patience = context?.eventLoop.assumeIsolated().scheduleTask(in: time) { self.context?.close(promise: nil) }
  }

  // MARK: Requests

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch (unwrapInboundIn(data), state) {
    case (.head(let head), .idle): receive(head)
    case (.body(let bytes), .receiving(var request)):
      guard request.body.readableBytes + bytes.readableBytes <= WebLimits.body else { return refuse(.bodyTooLarge, request.head) }
      request.body.writeImmutableBuffer(bytes)
      state = .receiving(request)
    case (.end, .receiving(let request)): answer(request)
    default: break
    }
  }

  private func receive(_ head: HTTPRequestHead) {
    switch access.decide(head) {
    case .refuse(let refusal): refuse(refusal, head)
    case .admit(let target, let cookie, let isForeign):
      // A browser that comes from another page does not send the cookie along where it is redirected to, but where it goes by itself.
      var response = Response(isForeign ? .ok : .seeOther, ["Set-Cookie": cookie], [])
      response.headers.add(name: isForeign ? "Refresh" : "Location", value: isForeign ? "0; url=\(target)" : target)
      send(response, to: head, isLast: true)
    case .serve(let route, let target):
      if route != .file(PageFiles.icon) { isKnown() }
      if let length = head.headers.first(name: "Content-Length").flatMap({ Int($0) }), length > WebLimits.body {
        return refuse(.bodyTooLarge, head)
      }
      state = .receiving(Request(head: head, route: route, target: target))
      wait(limits.idle)
      if head.headers.first(name: "Expect")?.lowercased() == "100-continue" {
        context?.writeAndFlush(wrapOutboundOut(.head(HTTPResponseHead(version: head.version, status: .continue))), promise: nil)
      }
    }
  }

  private func answer(_ request: Request) {
    patience?.cancel()
    guard let context else { return }
    state = .answering(request.head)
    if request.route == .events { return stream(request) }
    let connection = NIOLoopBound(self, eventLoop: context.eventLoop)
    let (api, loop, head, target, route) = (api, context.eventLoop, request.head, request.target, request.route)
    let known = head.headers.first(name: "If-None-Match")
    let body = Array(request.body.readableBytesView)
    work = Task(executorPreference: api.store.executor) {
      let response = await api.answer(route, target, known: known, body)
      loop.execute { connection.value.send(response, to: head) }
    }
  }

  /// Answers, and closes the connection: the rest of the request is not read.
  private func refuse(_ refusal: Refusal, _ head: HTTPRequestHead? = nil) {
    let head = head ?? HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")
    let isForProgram = head.uri.hasPrefix("/api/")
    send(refusal.response(isForProgram: isForProgram), to: head, isLast: true)
  }

  private func send(_ response: Response, to head: HTTPRequestHead, isLast: Bool = false) {
    guard let context else { return }
    if case .ending = state { return }
    let isFollowed = !isLast && !isInputClosed && head.isKeepAlive
    state = isFollowed ? .answering(head) : .ending
    var part = HTTPServerResponsePart.head(response.head(head.version, isFollowed: isFollowed))
    if head.method != .HEAD, !response.body.isEmpty {
      context.write(wrapOutboundOut(part), promise: nil)
      part = .body(.byteBuffer(ByteBuffer(bytes: response.body)))
    }
    // The end lets the next request in: only once this answer is gone, or a client that never reads would have many of them wait.
    write(part) { connection, context in
      if isFollowed {
        connection.state = .idle
        connection.wait(connection.limits.idle)
      }
      context.writeAndFlush(connection.wrapOutboundOut(.end(nil)), promise: nil)
      if !isFollowed { context.lingerAndClose(for: connection.limits.lingering) }
    }
  }

  // MARK: Writing

  /// Writes, and watches that the client reads.
  private func write(_ part: HTTPServerResponsePart, then next: @escaping (HTTPConnection, ChannelHandlerContext) -> Void) {
    guard let context else { return }
    isWriting = true
    watch(left: .max)
    context.writeAndFlush(wrapOutboundOut(part)).assumeIsolated().whenComplete { result in
      self.isWriting = false
      self.patience?.cancel()
      guard let context = self.context else { return }
      if case .success = result { next(self, context) } else { context.close(promise: nil) }
    }
  }

  /// - Parameter left: what waited to be written the last time.
  private func watch(left: Int) {
    patience?.cancel()
    patience = context?.eventLoop.assumeIsolated().scheduleTask(in: limits.stalled) {
      guard self.isWriting, let channel = self.context?.channel else { return }
      let now = (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
      if now < left { self.watch(left: now) } else { channel.close(promise: nil) }
    }
  }

  private func stream(_ request: Request) {
    state = .streaming
    lastEventID = request.head.headers.first(name: "Last-Event-ID")
    let head = Response.head(
      request.head.version, .ok, ["Content-Type": "text/event-stream"], isFollowed: request.head.version == .http1_1)
    context?.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
    hub.add(self)
  }

  func pump() {
    guard !isWriting, case .streaming = state else { return }
    send(hub.next(for: &cursor))
  }

  func send(_ bytes: [UInt8]) {
    guard !isWriting, !bytes.isEmpty, case .streaming = state else { return }
    write(.body(.byteBuffer(ByteBuffer(bytes: bytes)))) { connection, _ in connection.pump() }
  }
}
