import Bridge

extension Model {
  /// Whether the step makes sense where others were left out: its instance lives, and its lease was taken.
  func isPossible(_ step: Step) -> Bool {
    switch step {
    case .send(_, let place, _, _, _, _, _, _), .broadcast(_, let place, _, _), .take(_, let place, _, _, _, _),
      .look(let place, _, _, _, _), .unread(let place, _), .recover(let place), .createTask(_, let place, _, _, _),
      .move(_, let place, _, _, _), .list(_, let place, _, _, _), .read(_, _, let place):
      !isDead(place)
    case .heartbeat(let place), .signOff(let place, _), .kill(let place, _): !isDead(place) && !place.isCommand
    case .sendAgain(let number, let place): !isDead(place) && message(number)?.author != nil && message(number)?.sender == place.agent.name
    case .takeReply(_, _, let place, let awaiting, _): !isDead(place) && leased.contains(awaiting)
    case .confirm(let number), .undo(let number), .renew(let number): leased.contains(number)
    default: true
    }
  }

  /// What a step has to come to.
  mutating func carryOut(_ step: Step) -> Outcome {
    let reply = reply(to: step)
    return Outcome(reply: reply, rows: rows)
  }

  private mutating func reply(to step: Step) -> [String] {
    switch step {
    case .send(let number, let place, let recipient, let content, let asked, let task, let key, let awaiting):
      let message = Message(
        number: number, sender: place.agent.name, recipient: recipient.name, content: content, author: author(place), replyTo: asked,
        task: task,
        key: key, createdAt: now)
      guard let sent = send(message, to: recipient) else { return refusal(message, to: recipient) }
      if let awaiting { lease(awaiting, [.reply(to: sent)], to: place) }
      return [sent == number ? "m\(sent)" : "m\(sent) duplicate", isOnline(recipient.name) ? "online" : "offline"]
        + [estimate(for: message.sender, message.author)]
    case .sendAgain(let number, _):
      guard let message = message(number), let recipient = try? Identity(message.recipient) else { return [] }
      guard knows(recipient) || message.key != nil else { return ["error unknownRecipient"] }
      return ["m\(number) duplicate", isOnline(recipient.name) ? "online" : "offline", estimate(for: message.sender, message.author)]
    case .broadcast(let first, let place, let content, let key): return broadcast(first, place, content, key)
    case .take(let number, let place, let sender, let tasks, let limit, let all):
      return take(viewer(place, all), at: place, from: sender, tasks: tasks, limit: limit, lease: number)
    case .look(let place, let sender, let tasks, let limit, let all):
      return take(viewer(place, all), at: place, from: sender, tasks: tasks, limit: limit, lease: nil)
    case .takeReply(let number, let asked, let place, _, let alsoRead):
      return takeReply(to: asked, at: place, alsoRead: alsoRead, lease: number)
    case .unread(let place, let all):
      let counts = unread(viewer(place, all))
      return ["messages \(counts.messages) tasks \(counts.tasks) elsewhere \(counts.elsewhere)"]
    case .setAside(let agent):
      return messages.filter { $0.recipient == agent.name && !$0.isRead && $0.expiries >= 5 }.map { line($0) }
    case .deliverAgain(let number, let agent):
      guard let message = message(number), message.recipient == agent.name, !message.isRead, message.expiries >= 5 else { return ["false"] }
      change(message: number) { $0.expiries = 0 }
      return ["true"]
    case .history(let agent, let limit):
      let all = messages.filter { [$0.sender, $0.recipient].contains(agent.name) }.reversed()
      return all.prefix(limit).map { line($0) + ($0.isRead ? " read" : "") } + [all.count > limit ? "more" : "all"]
    case .confirm(let number): confirm(number)
    case .undo(let number): end(number, isRedelivered: false)
    case .renew(let number): leases[number]?.since = now
    case .recover: return ["\(recover(for: nil))"]
    case .createTask(let number, let place, let recipient, let title, let key):
      return createTask(number, by: place, to: recipient, title: title, key: key)
    case .move(let number, let place, let status, let result, let takingOver):
      return move(number, by: place, to: status, result: result, takingOver: takingOver)
    case .list(let number, let place, let role, let status, let limit): return list(number, place, role, status, limit)
    case .read(let task, let number, let place): return read(task: task, number, place)
    case .heartbeat(let place): heartbeat(place)
    case .signOff(let place, let endsSession): signOff(place, endsSession: endsSession)
    case .addAgent(let agent): agents[agent.name] = agents[agent.name] ?? (now, nil)
    case .removeAgent(let agent, let force): return [remove(agent, force: force) ? "true" : "false"]
    case .agents: return summaries
    case .kill(let place, let client): kill(place, client: client)
    case .start(let place): start(place)
    case .pass(let units): now += units
    case .typeMessage(let number, let sender, let recipient, let form):
      messages.append(
        Message(
          number: number, sender: sender.name, recipient: recipient.name, content: form == 2 ? nil : "typed",
          createdAt: form == 2 ? nil : now))
    case .typeRead(let number, let isRead): change(message: number) { $0.isRead = isRead }
    case .typeMessageDeletion(let number): messages.removeAll { $0.number == number }
    case .typeTask(let number, let sender, let recipient, let form):
      add(
        Task(
          number: number, sender: form == 1 ? "-" : sender.name, recipient: recipient.name, title: "typed",
          status: form == 2 ? nil : "pending",
          createdAt: now, updatedAt: form == 0 ? now : nil, newsAt: now), by: nil)
    case .typeStatus(let number, let status): type(status, for: number)
    case .typeAssignee(let number, let agent): type(assignee: agent, for: number)
    case .typeTaskDeletion(let number): tasks.removeAll { $0.number == number }
    case .prune(let age): return prune(age)
    case .copy: copy()
    }
    return []
  }

  private func viewer(_ place: Place, _ all: Bool) -> Viewer {
    Viewer(agent: place.agent.name, author: author(place), seesAll: all)
  }

  // MARK: Sending

  private func earlier(_ message: Message) -> Message? {
    message.key.flatMap { key in
      messages.first { $0.sender == message.sender && $0.key == key && $0.recipient == message.recipient }
    }
  }

  private func refusal(_ message: Message, to recipient: Identity) -> [String] {
    if earlier(message) != nil { return ["error keyReused"] }
    return [knows(recipient) ? "error notFound" : "error unknownRecipient"]
  }

  /// - Returns: the number of the message that there is now; nil if it is refused.
  private mutating func send(_ message: Message, to recipient: Identity) -> Int? {
    if let earlier = earlier(message) { return earlier.content == message.content ? earlier.number : nil }
    guard knows(recipient) else { return nil }
    if let asked = message.replyTo {
      guard let asked = self.message(asked), [asked.sender, asked.recipient].contains(message.sender) else { return nil }
    }
    if let task = message.task {
      guard let task = self.task(task), [task.sender, task.recipient].contains(message.sender) else { return nil }
    }
    var message = message
    // Kept for the session that asked, if it is known, or for the call that waits.
    if let asked = self.message(message.replyTo), asked.sender == message.recipient, let mark = asked.author {
      let isKnown = mark.session.flatMap { sessions[$0] }.map { $0.agent == message.recipient && !$0.hasEnded } ?? false
      if isKnown || leases.values.contains(where: { $0.items.contains(.reply(to: asked.number)) }) { message.kept = (mark, now) }
    }
    messages.append(message)
    return message.number
  }

  private mutating func broadcast(_ first: Int, _ place: Place, _ content: String, _ key: String?) -> [String] {
    let before = self
    let sender = place.agent
    let unread = estimate(for: sender.name, author(place))
    var lines: [String] = []
    let others = Agents.all.filter { $0 != sender && knows($0) }.sorted()
    for (index, recipient) in others.enumerated() {
      let message = Message(
        number: first + index, sender: sender.name, recipient: recipient.name, content: content, author: author(place), key: key,
        createdAt: now)
      guard let sent = send(message, to: recipient) else {
        self = before
        return refusal(message, to: recipient)
      }
      lines.append("m\(sent)\(sent == message.number ? "" : " duplicate") \(isOnline(recipient.name) ? "online" : "offline")")
    }
    return lines + (others.isEmpty ? [] : [unread])
  }

  // MARK: Agents

  private mutating func remove(_ agent: Identity, force: Bool) -> Bool {
    if !force, messages.contains(where: { $0.recipient == agent.name && !$0.isRead }) { return false }
    agents[agent.name] = nil
    sessions = sessions.filter { $1.agent != agent.name }
    instances = instances.filter { $1.agent != agent.name }
    return true
  }

  private var summaries: [String] {
    Set(agents.keys).union(Identity.wellKnown.map(\.name)).sorted().map { name in
      let running = sessions.filter { session, seen in
        seen.agent == name && lasts(seen.at, Model.timing.presence) && isAlive(session: session, of: name)
      }
      let unread = messages.count { $0.recipient == name && !$0.isRead }
      let open = tasks.count { $0.recipient == name && !$0.isEnded }
      return "\(name) \(isOnline(name) ? "online" : "offline") unread \(unread) open \(open) sessions \(running.count)"
    }
  }

  // MARK: Retention and copies

  /// Removes messages that were read, are under no lease and are not about an open task, and tasks that have ended, are under no lease, and
  /// are news for nobody who was there since.
  private mutating func prune(_ age: Int) -> [String] {
    // The store is asked for the time in the middle of two units.
    func isOld(_ time: Int?) -> Bool { time.map { now - $0 >= age } ?? false }
    let held = Set(leases.values.flatMap(\.items))
    let old = Set(
      messages.filter { message in
        message.isRead && isOld(message.createdAt ?? message.readAt) && !held.contains(.message(message.number))
          && task(message.task)?.isEnded ?? true
      }.map(\.number))
    messages.removeAll { old.contains($0.number) }
    let ended = Set(
      tasks.filter { task in
        let isAwaited = task.news.contains { role in
          agents[task.agent(role)].map { !isOld($0.seen ?? $0.added) } ?? false
        }
        return task.isEnded && isOld(task.updatedAt ?? task.createdAt) && !isAwaited
          && TaskRole.allCases.allSatisfy { !held.contains(.news(task.number, $0)) }
      }.map(\.number))
    tasks.removeAll { ended.contains($0.number) }
    events.removeAll { ended.contains($0.task) }
    return ["messages \(old.count) tasks \(ended.count)"]
  }

  /// Neither instances, sessions nor leases are carried: what is under a lease is unread there, and marked.
  private mutating func copy() {
    for lease in leases.values {
      for item in lease.items {
        switch item {
        case .message(let number):
          change(message: number) { ($0.isRead, $0.readAt, $0.isRedelivered) = (false, nil, true) }
        case .news(let number, let role): change(task: number) { $0.news.insert(role) }
        case .reply: break
        }
      }
    }
    (leases, sessions, instances) = ([:], [:], [:])
    store = (store + 1) % stores.count
    for index in messages.indices { (messages[index].kept, messages[index].expiries) = (nil, 0) }
    for index in tasks.indices {
      tasks[index].holderSession = nil
      tasks[index].claim?.author.session = nil
    }
    let left = Set(tasks.map(\.number))
    events.removeAll { !left.contains($0.task) }
  }
}
