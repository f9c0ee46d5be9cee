import Bridge

/// Who gets what: reservations for sessions, what is set aside, and news of tasks.
extension Model {
  struct Viewer {
    var agent: String
    var author: Author
    var seesAll = false
    /// The lease under which it waits for a reply.
    var lease: Int?
    var seesProcesses = true
  }

  /// Whether something is kept for somebody else: for ten minutes for its session, and at first for the instance that asked.
  private func keeps(_ mark: Author, since: Int, from viewer: Viewer) -> Bool {
    guard !viewer.seesAll, lasts(since, Model.timing.reservation) else { return false }
    if mark.session != nil, mark.session == viewer.author.session {
      return mark.instance != viewer.author.instance && lasts(since, Model.timing.precedence)
    }
    return isAlive(session: mark.session, of: viewer.agent, seesProcesses: viewer.seesProcesses)
  }

  /// Whether a call waits for the reply to a message.
  private func isAwaited(replyTo number: Int?, but lease: Int?) -> Bool {
    leases.contains { other, held in
      other != lease && lasts(held.since, Model.timing.lease) && number.map { held.items.contains(.reply(to: $0)) } ?? false
    }
  }

  private func isKept(_ message: Message, from viewer: Viewer) -> Bool {
    guard let kept = message.kept else { return false }
    return isAwaited(replyTo: message.replyTo, but: viewer.lease) || keeps(kept.mark, since: kept.since, from: viewer)
  }

  /// The sides of a task on which it is news that the viewer gets.
  func news(_ task: Task, for viewer: Viewer) -> Set<TaskRole> {
    task.news.filter { role in
      guard task.agent(role) == viewer.agent else { return false }
      // That its holder's session keeps the news has nothing to do with its instances.
      let mark =
        role == .creator ? task.author : task.holderSession.map { Author(instance: viewer.author.instance, session: $0) }
      return mark.map { !keeps($0, since: task.newsAt, from: viewer) } ?? true
    }
  }

  private func isNews(_ task: Task, for agent: String) -> Bool { task.news.contains { task.agent($0) == agent } }

  struct Inbox {
    var visible: [Message] = []
    var news: [Task] = []
    var (elsewhere, newsElsewhere, setAside) = (0, 0, 0)
  }

  func inbox(_ viewer: Viewer, from sender: Identity? = nil) -> Inbox {
    var inbox = Inbox()
    for message in messages where message.recipient == viewer.agent && !message.isRead {
      if let sender, message.sender != sender.name { continue }
      if message.expiries >= 5 {
        inbox.setAside += 1
      } else if isKept(message, from: viewer) {
        inbox.elsewhere += 1
      } else {
        inbox.visible.append(message)
      }
    }
    for task in tasks where isNews(task, for: viewer.agent) {
      if news(task, for: viewer).isEmpty { inbox.newsElsewhere += 1 } else { inbox.news.append(task) }
    }
    return inbox
  }

  mutating func take(
    _ viewer: Viewer, at place: Place, from sender: Identity?, tasks wantsTasks: Bool, limit: Int, lease number: Int?
  ) -> [String] {
    _ = recover(for: viewer.agent)
    let inbox = inbox(viewer, from: sender)
    var taken: [Message] = []
    for message in inbox.visible.prefix(limit) {
      // One whose leases expired three times comes alone.
      if message.expiries >= 3, !taken.isEmpty { break }
      taken.append(message)
      if message.expiries >= 3 { break }
    }
    let isAlone = taken.first.map { $0.expiries >= 3 } ?? false
    let told = wantsTasks && !isAlone ? Array(inbox.news.prefix(limit)) : []
    var lines = taken.map { line($0) } + told.map { line($0) }
    lines.append("remaining \(inbox.visible.count - taken.count) elsewhere \(inbox.elsewhere) set aside \(inbox.setAside)")
    if lines.count == 1, wantsTasks { lines.append("news elsewhere \(inbox.newsElsewhere)") }
    if let number, !taken.isEmpty || !told.isEmpty {
      let news = told.flatMap { task in self.news(task, for: viewer).map { Lease.Item.news(task.number, $0) } }
      lease(number, taken.map { .message($0.number) } + news, to: place)
    }
    return lines
  }

  mutating func takeReply(to asked: Int, at place: Place, alsoRead: Bool, lease number: Int) -> [String] {
    _ = recover(for: place.agent.name)
    let reply = messages.first { $0.replyTo == asked && $0.recipient == place.agent.name && (!$0.isRead || alsoRead) }
    guard let reply else { return ["nothing"] }
    if !reply.isRead { lease(number, [.message(reply.number)], to: place) }
    return [line(reply) + (reply.isRead ? " read" : "")]
  }

  func unread(_ viewer: Viewer) -> UnreadCounts {
    let inbox = inbox(viewer)
    return UnreadCounts(messages: inbox.visible.count, tasks: inbox.news.count, elsewhere: inbox.elsewhere + inbox.newsElsewhere)
  }

  /// What a receipt says of unread things: it may judge sessions by their heartbeats alone.
  func estimate(for agent: String, _ author: Author?) -> String {
    var viewer = Viewer(agent: agent, author: author ?? Author(instance: 0, session: nil))
    let exact = unread(viewer)
    viewer.seesProcesses = false
    let rough = unread(viewer)
    func range(_ a: Int, _ b: Int) -> String { a == b ? "\(a)" : "\(min(a, b))…\(max(a, b))" }
    return "unread \(range(exact.messages, rough.messages)) \(range(exact.tasks, rough.tasks))"
  }

  // MARK: As lines

  func line(_ message: Message) -> String {
    let reply = message.replyTo.map { " to m\($0)" } ?? ""
    let task = message.task.map { " about t\($0)" } ?? ""
    return "m\(message.number) \(message.sender) \(message.content ?? "-")\(reply)\(task)\(message.isRedelivered ? " again" : "")"
  }

  func line(_ task: Task) -> String {
    let holder = task.holder.map { " held by \($0.author.instance)\(isStale($0) ? " stale" : "")" } ?? ""
    return "t\(task.number) \(task.sender) \(task.recipient) \(task.title) \(task.status ?? "-") \(task.result ?? "-")\(holder)"
  }

  /// What a person sees who selects from the documented tables, the histories and the agents.
  var rows: [String] {
    let histories = tasks.map(\.number) + Set(events.map(\.task)).subtracting(tasks.map(\.number)).sorted()
    return messages.map { "m\($0.number) \($0.sender) \($0.recipient) \($0.content ?? "-") \($0.isRead ? 1 : 0)" }
      + tasks.map { "t\($0.number) \($0.sender) \($0.recipient) \($0.title) \($0.status ?? "-") \($0.result ?? "-")" }
      + histories.sorted().flatMap { task in
        events.filter { $0.task == task }.map { "t\(task): \($0.from ?? "-") \($0.to ?? "-") \($0.actor ?? "-")" }
      }
      + agents.keys.sorted()
  }
}
