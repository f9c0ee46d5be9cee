import Bridge

/// Tasks: who may move one where, and what becomes of the claim, the history and the news.
extension Model {
  /// Its holder has ended or signed off, or there was no heartbeat for ten minutes.
  func isStale(_ holder: Holder) -> Bool {
    if holder.isCommand { return true }
    guard let since = holder.since, lasts(since, Model.timing.claim) else { return true }
    return holder.client.map { deadSessions.contains($0) } ?? deadInstances.contains(holder.author.instance)
  }

  mutating func createTask(_ number: Int, by place: Place, to recipient: Identity, title: String, key: String?) -> [String] {
    let agent = place.agent.name
    if let key, let earlier = tasks.first(where: { $0.sender == agent && $0.key == key }) {
      guard earlier.recipient == recipient.name, earlier.title == title else { return ["error keyReused"] }
      return ["t\(earlier.number) \(earlier.status ?? "")", estimate(for: agent, author(place))]
    }
    guard knows(recipient) else { return ["error unknownRecipient"] }
    add(
      Task(
        number: number, sender: agent, recipient: recipient.name, title: title, status: "pending", author: author(place), key: key,
        createdAt: now, updatedAt: now, newsAt: now), by: agent)
    return ["t\(number) pending", estimate(for: agent, author(place))]
  }

  /// A new task is news for its assignee.
  mutating func add(_ task: Task, by actor: String?) {
    var task = task
    task.news = task.isEnded ? [] : [.assignee]
    tasks.append(task)
    record(task.number, from: nil, to: task.status, by: actor)
  }

  private mutating func record(_ number: Int, from: String?, to: String?, by actor: String?) {
    events.append(Event(task: number, from: from, to: to, actor: actor))
    change(task: number) { [now] in $0.newsAt = now }
  }

  /// A status that a person writes is news for the creator, and an end for both sides.
  mutating func type(_ status: String, for number: Int) {
    guard let task = task(number), task.status != status else { return }
    change(task: number) { task in
      task.status = status
      task.news.insert(.creator)
      if task.isEnded { task.news.insert(.assignee) }
    }
    record(number, from: task.status, to: status, by: nil)
  }

  /// A task that a person gives to another agent is news for that one, and nobody's claim.
  mutating func type(assignee: Identity, for number: Int) {
    guard let task = task(number), task.recipient != assignee.name else { return }
    change(task: number) { task in
      (task.recipient, task.claim, task.holderSession) = (assignee.name, nil, nil)
      if task.isEnded { task.news.remove(.assignee) } else { task.news.insert(.assignee) }
    }
  }

  mutating func move(_ number: Int, by place: Place, to status: TaskStatus, result: String?, takingOver: Bool) -> [String] {
    let agent = place.agent.name
    guard let task = task(number), [task.sender, task.recipient].contains(agent) else { return ["error notFound"] }
    let isAssignee = task.recipient == agent
    let isSame = result == nil || result == task.result
    let ending = "Ended by its creator \(agent): \(result ?? "no reason given")"
    let isHolder = task.holder.map { _ in task.isClaimed(by: author(place)) } ?? false
    if task.isEnded {
      guard status.rawValue == task.status, isSame || !isAssignee && task.result == ending else {
        return refuse("wrongStatus", task, agent, status, result)
      }
      return repeated(number, place, isHolder)
    }
    guard isAssignee else {
      guard status == .failed else { return refuse("notAllowed", task, agent, status, result) }
      return change(number, place, to: status, result: ending)
    }
    if let holder = task.holder, !isHolder, !isStale(holder), !takingOver { return refuse("alreadyClaimed", task, agent, status, result) }
    let isRepeated = status.rawValue == task.status && isSame
    switch status {
    case .pending: return isRepeated ? repeated(number, place, isHolder) : ["error wrongStatus"]
    case .inProgress where isRepeated && isHolder: return repeated(number, place, isHolder)
    default: return change(number, place, to: status, result: result)
    }
  }

  /// Who acts on a task has seen it.
  private mutating func see(_ number: Int, by agent: String) {
    change(task: number) { task in
      for role in TaskRole.allCases where task.agent(role) == agent { task.news.remove(role) }
    }
  }

  private mutating func repeated(_ number: Int, _ place: Place, _ isHolder: Bool) -> [String] {
    see(number, by: place.agent.name)
    if isHolder { claim(number, place) }
    return task(number).map { [line($0)] } ?? []
  }

  private mutating func claim(_ number: Int, _ place: Place) {
    let author = author(place)
    change(task: number) { [now] in
      $0.claim = Holder(author: author, client: place.hasClient ? author.session : nil, isCommand: place.isCommand, since: now)
      $0.holderSession = author.session
    }
  }

  private mutating func change(_ number: Int, _ place: Place, to status: TaskStatus, result: String?) -> [String] {
    let before = task(number)?.status
    change(task: number) { [now] task in
      (task.status, task.updatedAt) = (status.rawValue, now)
      task.result = result ?? task.result
      task.news.insert(.creator)
      if status.isEnded { task.news.insert(.assignee) }
      if status != .inProgress { task.claim = nil }
    }
    if status == .inProgress { claim(number, place) }
    record(number, from: before, to: status.rawValue, by: place.agent.name)
    see(number, by: place.agent.name)
    return task(number).map { [line($0)] } ?? []
  }

  /// A result that is refused, and an assignee's end, is recorded.
  private mutating func refuse(_ code: String, _ task: Task, _ agent: String, _ status: TaskStatus, _ result: String?) -> [String] {
    let isAssignee = task.recipient == agent
    if result != nil || isAssignee && status.isEnded {
      record(task.number, from: task.status, to: task.status, by: agent)
      if isAssignee { change(task: task.number) { $0.news.insert(.creator) } }
    }
    return ["error \(code)"]
  }

  /// Open tasks, the oldest first, and then ended ones, the newest first.
  mutating func list(_ lease: Int?, _ place: Place, _ role: TaskRole, _ status: TaskStatus?, _ limit: Int) -> [String] {
    let agent = place.agent.name
    let all = tasks.filter { $0.agent(role) == agent && (status == nil || $0.status == status?.rawValue) }
    let listed = all.filter { !$0.isEnded } + all.filter(\.isEnded).reversed()
    let page = Array(listed.prefix(limit))
    return page.map { line($0) } + ["remaining \(listed.count - page.count)"] + show(page, lease, place)
  }

  mutating func read(task number: Int, _ lease: Int?, _ place: Place) -> [String] {
    guard let task = task(number), [task.sender, task.recipient].contains(place.agent.name) else { return ["error notFound"] }
    return [line(task)] + events.filter { $0.task == number }.map { "\($0.from ?? "-") \($0.to ?? "-") \($0.actor ?? "-")" }
      + show([task], lease, place)
  }

  /// News that is shown counts as told once the lease is confirmed.
  private mutating func show(_ shown: [Task], _ number: Int?, _ place: Place) -> [String] {
    let viewer = Viewer(agent: place.agent.name, author: author(place))
    let items = shown.flatMap { task in news(task, for: viewer).map { Lease.Item.news(task.number, $0) } }
    guard let number, !items.isEmpty else { return [] }
    lease(number, items, to: place)
    return ["leased"]
  }
}
