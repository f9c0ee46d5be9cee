import Bridge
import BridgeServer
import JSON
import Logging
import SystemSupport

/// What the page asks for and does, by the store and, for what it does, by the service of one agent.
struct WebAPI: Sendable {
  /// The most characters of the messages or tasks of one answer; the first is there whatever its size.
  private static let characters = 2_000_000
  /// The most times that what waits is taken for one request.
  private static let deliveries = 100
  private static let metricsPatience = Duration.seconds(3)

  let store: any BridgeStore
  /// Nil if the server only looks.
  let service: BridgeService?
  let settings: WebSettings
  let logger: Logger

  func state() async throws(BridgeError) -> WebState {
    try await store.requireExistence()
    let overview = try await store.overview()
    return WebState(settings, overview, unread: try await service?.unreadCounts(seeingAll: true))
  }

  /// Answers a request; an error is an answer as well.
  ///
  /// - Parameter known: the tag of the file that the browser has.
  func answer(_ route: Route, _ target: RequestTarget, known: String?, _ body: [UInt8]) async -> Response {
    logger.debug("request", metadata: ["route": "\(route)"])
    do {
      switch route {
      case .page, .file: return pageFile(route, known: known)
      case .metrics: return .text(await metrics(), type: "text/plain; version=0.0.4; charset=utf-8")
      case .sendMessage, .read, .createTask, .updateTask: return .json(try await act(route, WebArguments(body, of: route)))
      default: return .json(try await look(route, target))
      }
    } catch {
      let refusal =
        (error as? Refusal)
        ?? (error as? BridgeError).map { route.writes ? Refusal($0) : Refusal($0, lookingFor: route == .task ? "task" : "message") }
      if refusal == nil { logger.warning("\(error)") }
      return (refusal ?? Refusal(.internalServerError, "failed", "\(error)")).response(isForProgram: true)
    }
  }

  private func pageFile(_ route: Route, known: String?) -> Response {
    let name = if case .file(let name) = route { name } else { PageFiles.page }
    return PageFiles.response(name, known: known) ?? Refusal.notFound.response(isForProgram: false)
  }

  /// Prometheus waits no longer than 10 s by default, and must hear of a store that is away.
  private func metrics() async -> String {
    let overview = Once<Overview?>()
    let asking = Task {
      do throws(BridgeError) {
        try await store.requireExistence()
        overview.set(try await store.overview())
      } catch {
        logger.debug("no metrics", metadata: ["error": "\(error)"])
        overview.set(nil)
      }
    }
    let timer = Task { if (try? await Task.pause(for: Self.metricsPatience)) != nil { overview.set(nil) } }
    defer {
      asking.cancel()
      timer.cancel()
    }
    return Metrics.text(await overview.wait() ?? nil)
  }

  // MARK: Looking

  private func look(_ route: Route, _ target: RequestTarget) async throws -> JSON {
    if route == .state { return try await state().json }
    try await store.requireExistence()
    let limit = try target.number("limit", in: Limits.pageSize, default: 50)
    switch route {
    case .transcript: return try await transcript(target, limit)
    case .message:
      let id = try required(target["id"], "id")
      guard let message = try await store.message(id, for: nil) else { throw BridgeError(.notFound, "There is no such message.") }
      return ["message": message.web(upTo: .max)]
    case .task:
      let report = try await store.task(try required(target["id"], "id"), for: nil, instance: nil)
      return ["task": report.task.web(upTo: .max), "history": .array(report.history.map(TaskEvent.schema.encode))]
    case .tasks:
      let status = try target["status"].map { text throws(Refusal) in try Self.status(text) }
      var query = TaskQuery(agent: nil, status: status, limit: limit, characters: Self.characters)
      query.cursor = try target["cursor"].map { text throws(BridgeError) in try TaskCursor(text) }
      let page = try await store.tasks(query)
      var json: JSONObject = ["tasks": .array(page.tasks.map { $0.web() }), "remaining": .integer(Int64(page.remaining))]
      json["next"] = page.next.map { .string($0.text) }
      return .object(json)
    default:
      let agent = try target["agent"].map { name throws(BridgeError) in try Identity(name) }
      let query = HistoryQuery(
        agent: agent, text: try target["query"], before: try target["before"], limit: limit, characters: Self.characters)
      try query.validate()
      let page = try await store.history(query)
      var json: JSONObject = ["messages": .array(page.messages.map { $0.web() }), "more": .bool(page.more)]
      if page.isPartial { json["partial"] = true }
      return .object(json)
    }
  }

  private func transcript(_ target: RequestTarget, _ limit: Int) async throws -> JSON {
    var query = TranscriptQuery(agent: try target["agent"], limit: limit)
    let places: [TranscriptQuery.Start?] = [
      try target["before"].map { .before(try TranscriptPlace($0)) }, try target["after"].map { .after(try TranscriptPlace($0)) },
      try target["at"].map { .at($0) },
    ]
    let given = places.compactMap(\.self)
    if given.count > 1 { throw Refusal.invalid("The parameters before, after and at exclude each other.") }
    if let start = given.first { query.start = start }
    try query.validate()
    let page = try await store.transcriptPage(query)
    func place(_ place: TranscriptPlace?) -> JSON { place.map { .string($0.text) } ?? .null }
    return [
      "entries": .array(page.entries.map(\.web)), "older": place(page.older), "newer": place(page.newer),
      "set_aside": .array(try await setAside(among: page.entries).map { .string($0) }),
    ]
  }

  /// The ids of the messages that are delivered no more.
  private func setAside(among entries: [TranscriptEntry]) async throws(BridgeError) -> [String] {
    let unread = entries.compactMap { entry -> Message? in
      if case .message(let message) = entry.event, !message.isRead { message } else { nil }
    }
    var aside: Set<String> = []
    for name in Set(unread.compactMap(\.recipient)) {
      guard let agent = try? Identity(name) else { continue }
      aside.formUnion(try await store.setAside(of: agent).compactMap(\.id))
    }
    return unread.compactMap(\.id).filter(aside.contains)
  }

  // MARK: Acting

  private func act(_ route: Route, _ body: WebArguments) async throws -> JSON {
    guard let service else { throw Refusal(.forbidden, "read_only", "This server only looks.") }
    try await store.requireExistence()
    switch route {
    case .sendMessage:
      let references = MessageReferences(
        replyTo: try body["reply_to"], taskID: try body["task_id"], idempotencyKey: try required(body["key"], "key"))
      let recipient = try Identity(try required(body["to"], "to"))
      let receipt = try await service.send(to: recipient, content: try body["content"] ?? "", references: references)
      return SendReceipt.schema.encode(receipt)
    case .read: return ["read": .integer(Int64(try await read(service, from: body["from"])))]
    case .createTask:
      let receipt = try await service.createTask(
        for: try Identity(try required(body["to"], "to")), title: try body["title"] ?? "", description: try body["description"] ?? "",
        idempotencyKey: try required(body["key"], "key"))
      return TaskReceipt.schema.encode(receipt)
    default:
      let status = try Self.status(try required(body["status"], "status"))
      let task = try await service.updateTask(try required(body["id"], "id"), to: status, result: body["result"])
      return ["task": task.web(upTo: .max)]
    }
  }

  /// Takes what waits, and confirms it.
  ///
  /// - Parameter sender: nil for all messages, and for news of tasks.
  private func read(_ service: BridgeService, from sender: String?) async throws -> Int {
    var count = 0
    for _ in 0..<Self.deliveries {
      let delivery =
        if let sender {
          try await service.readMessages(limit: Limits.pageSize.upperBound, from: sender, allSessions: true)
        } else { try await service.waitForUpdates(timeoutSeconds: 0) }
      await service.delivered(delivery.lease)
      count += delivery.messages.count
      if delivery.isEmpty { break }
    }
    return count
  }

  private func required<Value>(_ value: Value?, _ name: String) throws(Refusal) -> Value {
    guard let value else { throw .invalid("\(name) is missing.") }
    return value
  }

  private static func status(_ text: String) throws(Refusal) -> TaskStatus {
    guard let status = TaskStatus(rawValue: text) else {
      throw .invalid("status must be one of \(TaskStatus.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
    return status
  }
}

/// The members of the object that a request brings: all of them are texts.
struct WebArguments: Sendable {
  private let members: JSONObject

  init(_ body: [UInt8], of route: Route) throws(Refusal) {
    guard let members = (try? JSON(decoding: body))?.objectValue else { throw .invalid("The body must be one JSON object.") }
    let names = Self.names(for: route)
    if let stranger = members.keys.first(where: { !names.contains($0) }) {
      throw .invalid("\"\(stranger.prefix(80))\" is unknown here: use \(names.joined(separator: ", ")).")
    }
    self.members = members
  }

  private static func names(for route: Route) -> [String] {
    switch route {
    case .sendMessage: ["to", "content", "reply_to", "task_id", "key"]
    case .read: ["from"]
    case .createTask: ["to", "title", "description", "key"]
    case .updateTask: ["id", "status", "result"]
    default: []
    }
  }

  /// Nil where it is missing or null.
  subscript(name: String) -> String? {
    get throws(Refusal) {
      guard let value = members[name], value != .null else { return nil }
      if case .brokenString = value { throw .invalid("\(name) contains half of a surrogate pair, which is not text: remove it.") }
      guard let text = value.stringValue else { throw .invalid("\(name) must be a text.") }
      return text
    }
  }
}
