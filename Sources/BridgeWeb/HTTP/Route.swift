import NIOHTTP1

/// What a request asks for.
enum Route: Hashable, Sendable {
  case page
  case file(String)
  case metrics
  case state, transcript, message, task, tasks, search, events
  case sendMessage, read, createTask, updateTask

  /// Whether it changes something.
  var writes: Bool {
    switch self {
    case .sendMessage, .read, .createTask, .updateTask: true
    default: false
    }
  }

  private static let table: [String: [String: Route]] = [
    "/metrics": ["GET": .metrics],
    "/api/state": ["GET": .state], "/api/transcript": ["GET": .transcript], "/api/message": ["GET": .message],
    "/api/task": ["GET": .task, "POST": .updateTask], "/api/tasks": ["GET": .tasks, "POST": .createTask],
    "/api/search": ["GET": .search], "/api/events": ["GET": .events],
    "/api/messages": ["POST": .sendMessage], "/api/read": ["POST": .read],
  ]

  /// - Throws: `Refusal` where there is nothing for the path, or not with this method.
  static func find(_ method: HTTPMethod, _ target: RequestTarget) throws(Refusal) -> Route {
    let browsed = try browsed(target)
    guard let routes = table[target.path] ?? browsed.map({ ["GET": $0] }) else { throw .notFound }
    // A stream has no end that HEAD could tell.
    let hasHead = routes["GET"] != nil && routes["GET"] != .events
    if let route = routes[method == .HEAD && hasHead ? "GET" : method.rawValue] { return route }
    throw Refusal(
      .methodNotAllowed, "method_not_allowed", "This address takes no such method.",
      allowed: (routes.keys + (hasHead ? ["HEAD"] : [])).sorted())
  }

  /// The page under the address of one of its views, or a file of it.
  private static func browsed(_ target: RequestTarget) throws(Refusal) -> Route? {
    let parts = try target.components
    switch (parts.first ?? "", parts.count) {
    case ("", 1), ("conversations", 1), ("tasks", 1), ("agents", 1), ("search", 1): return .page
    case ("conversations", 2), ("tasks", 2): return .page
    case (let name, 1): return PageFiles.all[name] == nil || name == PageFiles.page ? nil : .file(name)
    default: return nil
    }
  }
}
