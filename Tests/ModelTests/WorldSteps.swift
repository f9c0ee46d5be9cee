import Bridge
import BridgeTesting

extension World {
  /// Carries out a step that is possible.
  ///
  /// - Parameter model: as it was before.
  func carryOut(_ step: Step, _ model: Model) async throws -> Outcome {
    var reply: [String]
    do { reply = try await self.reply(to: step, model) } catch let error as BridgeError {
      reply = ["error \(error.code)"]
      if [.storeFailed, .storeUnavailable].contains(error.code) { reply.append(error.message) }
    }
    return Outcome(reply: reply, rows: try await rows())
  }

  private func reply(to step: Step, _ model: Model) async throws -> [String] {
    switch step {
    case .send(let number, let place, let recipient, let content, let asked, let task, let key, let awaiting):
      let instance = try instance(place, model)
      var message = NewMessage(
        id: messages.make(number, stamp: instance.stamp), sender: place.agent, recipient: recipient, content: content,
        replyTo: asked.map { messages.reference($0) }, taskID: task.map { tasks.reference($0) }, idempotencyKey: key)
      sent[number] = message
      if let awaiting {
        let reservation = ReplyReservation(instance: instance)
        (message.reservation, leases[awaiting]) = (reservation, reservation.lease)
      }
      return receipt(try await store(place).send(message))
    case .sendAgain(let number, let place):
      guard let message = sent[number] else { return ["never sent"] }
      return receipt(try await store(place).send(message))
    case .broadcast(let first, let place, let content, let key):
      let instance = try instance(place, model)
      let ids = (first..<first + Agents.all.count).map { messages.make($0, stamp: instance.stamp) }
      let broadcast = Broadcast(sender: place.agent, content: content, references: MessageReferences(idempotencyKey: key), ids: ids)
      let receipts = try await store(place).broadcast(broadcast)
      for (index, receipt) in receipts.enumerated() { sent[first + index] = broadcast.message(ids[index], to: receipt.recipient) }
      return receipts.map {
        "m\(messages.number($0.messageID))\($0.duplicate ? " duplicate" : "") \($0.recipientOnline ? "online" : "offline")"
      }
        + (receipts.first.map { [unread($0.unread)] } ?? [])
    case .take(let lease, let place, let sender, let tasks, let limit, let all):
      return try await take(lease, place, try instance(place, model), sender, tasks, limit, all)
    case .look(let place, let sender, let tasks, let limit, let all):
      return try await take(nil, place, try instance(place, model), sender, tasks, limit, all)
    case .takeReply(let lease, let asked, let place, let awaiting, let alsoRead):
      var request = TakeRequest(agent: place.agent, limit: 1, instance: try instance(place, model))
      request.reply = AwaitedReply(message: messages.id(asked), lease: leases[awaiting] ?? "", includesRead: alsoRead)
      let delivery = try await store(place).take(request)
      if let taken = delivery.lease { leases[lease] = taken }
      return delivery.messages.isEmpty ? ["nothing"] : delivery.messages.map { line($0) + (delivery.lease == nil ? " read" : "") }
    case .unread(let place, let all):
      let counts = try await store(place).unreadCounts(for: Viewer(try instance(place, model), seesAll: all))
      return ["messages \(counts.messages) tasks \(counts.tasks) elsewhere \(counts.elsewhere)"]
    case .setAside(let agent): return try await bench.stores[0].setAside(of: agent).map { line($0) }
    case .deliverAgain(let number, let agent): return ["\(try await bench.stores[0].deliverAgain(messages.reference(number), to: agent))"]
    case .history(let agent, let limit):
      let page = try await bench.stores[1].history(HistoryQuery(agent: agent, limit: limit))
      return page.messages.map { line($0) + ($0.isRead ? " read" : "") } + [page.more ? "more" : "all"]
    case .confirm(let lease): try await bench.stores[lease % 2].confirm(leases[lease] ?? "")
    case .undo(let lease): try await bench.stores[lease % 2].undo(leases[lease] ?? "")
    case .renew(let lease): try await bench.stores[lease % 2].renew([leases[lease] ?? ""])
    case .recover(let place): return ["\(try await store(place).recoverExpired())"]
    case .createTask(let number, let place, let recipient, let title, let key):
      let id = tasks.make(number, stamp: try instance(place, model).stamp)
      let task = NewTask(id: id, sender: place.agent, recipient: recipient, title: title, description: "d", idempotencyKey: key)
      let receipt = try await store(place).createTask(task)
      return ["t\(tasks.number(receipt.taskID)) \(receipt.status)", unread(receipt.unread)]
    case .move(let number, let place, let status, let result, let takingOver):
      var request = TransitionRequest(
        taskID: tasks.reference(number), actor: place.agent, instance: try instance(place, model), status: status, result: result)
      request.takesOver = takingOver
      return [line(try await store(place).transitionTask(request))]
    case .list(let lease, let place, let role, let status, let limit):
      let reader = try lease == nil ? nil : instance(place, model)
      let page = try await store(place).tasks(TaskQuery(agent: place.agent, role: role, status: status, limit: limit, instance: reader))
      return page.tasks.map { line($0) } + ["remaining \(page.remaining)"] + told(page.lease, lease)
    case .read(let task, let lease, let place):
      let report = try await store(place).task(
        tasks.reference(task), for: place.agent, instance: try lease == nil ? nil : instance(place, model))
      return [line(report.task)] + report.history.map { "\($0.from ?? "-") \($0.to ?? "-") \($0.actor ?? "-")" } + told(report.lease, lease)
    case .heartbeat(let place): try await store(place).heartbeat(try instance(place, model))
    case .signOff(let place, let endsSession): try await store(place).signOff(try instance(place, model), endsSession: endsSession)
    case .addAgent(let agent): try await bench.stores[0].addAgent(agent)
    case .removeAgent(let agent, let force): return ["\(try await bench.stores[0].removeAgent(agent, force: force))"]
    case .agents:
      return try await bench.stores[1].agents().map { agent in
        "\(agent.name) \(agent.online ? "online" : "offline") unread \(agent.unreadMessages) "
          + "open \(agent.openTasks) sessions \(agent.sessions)"
      }
    case .kill(let place, let client):
      var after = model
      _ = try instance(place, model)
      after.kill(place, client: client)
      bury(instances: after.deadInstances, sessions: after.deadSessions)
    case .start: break
    case .pass(let units): try await bench.pass(seconds: units * Int(Model.unit.components.seconds))
    case .prune(let age): return try await prune(age)
    case .copy: return try await copy()
    default: try await type(step)
    }
    return []
  }

  private func take(
    _ lease: Int?, _ place: Place, _ instance: Instance, _ sender: Identity?, _ tasks: Bool, _ limit: Int, _ all: Bool
  ) async throws -> [String] {
    var request = TakeRequest(
      agent: place.agent, sender: sender?.name, includesTasks: tasks, limit: limit, instance: lease == nil ? nil : instance)
    request.viewer = Viewer(instance, seesAll: all)
    let delivery = try await store(place).take(request)
    if let lease { leases[lease] = delivery.lease }
    var lines = delivery.messages.map { line($0) } + delivery.tasks.map { line($0) }
    lines.append("remaining \(delivery.remaining) elsewhere \(delivery.elsewhere) set aside \(delivery.setAside)")
    if delivery.isEmpty, tasks { lines.append("news elsewhere \(delivery.newsElsewhere)") }
    if (delivery.lease != nil) != (lease != nil && !delivery.isEmpty) { lines.append("its lease is \(delivery.lease ?? "none")") }
    return lines
  }

  private func told(_ lease: String?, _ number: Int?) -> [String] {
    guard let lease, let number else { return lease == nil ? [] : ["leased for nobody"] }
    leases[number] = lease
    return ["leased"]
  }

  private func prune(_ age: Int) async throws -> [String] {
    let store = bench.stores[0]
    let time = try await store.time(before: Model.unit * age - Model.unit / 2)
    var total = PruneStep(next: nil)
    repeat {
      let step = try await store.prune(before: time, after: total.next, dryRun: false)
      total = PruneStep(messages: total.messages + step.messages, tasks: total.tasks + step.tasks, next: step.next)
    } while total.next != nil
    return ["messages \(total.messages) tasks \(total.tasks)"]
  }

  /// What a person types at the database's command line.
  private func type(_ step: Step) async throws {
    let now = "datetime('now')"
    switch step {
    case .typeMessage(let number, let sender, let recipient, let form):
      let start = "'\(messages.make(number, stamp: nil))', '\(sender)', '\(recipient)'"
      let statement =
        switch form {
        case 0: "INSERT INTO messages (id, sender, recipient, content, read, created_at) VALUES (\(start), 'typed', 0, \(now))"
        case 1: "INSERT INTO messages (id, sender, recipient, content) VALUES (\(start), 'typed')"
        default: "INSERT INTO messages (id, sender, recipient, read, created_at) VALUES (\(start), NULL, 'yesterday')"
        }
      try await bench.executeByHand(statement)
    case .typeRead(let number, let isRead):
      try await bench.executeByHand("UPDATE messages SET read = \(isRead ? 1 : 0) WHERE id = '\(messages.id(number))'")
    case .typeMessageDeletion(let number): try await bench.executeByHand("DELETE FROM messages WHERE id = '\(messages.id(number))'")
    case .typeTask(let number, let sender, let recipient, let form):
      let id = tasks.make(number, stamp: nil)
      let statement =
        switch form {
        case 0:
          "INSERT INTO tasks (id, sender, recipient, title, status, description, created_at, updated_at) "
            + "VALUES ('\(id)', '\(sender)', '\(recipient)', 'typed', 'pending', 'd', \(now), \(now))"
        case 1: "INSERT INTO tasks (id, recipient, title) VALUES ('\(id)', '\(recipient)', 'typed')"
        default: "INSERT INTO tasks (id, sender, recipient, title, status) VALUES ('\(id)', '\(sender)', '\(recipient)', 'typed', NULL)"
        }
      try await bench.executeByHand(statement)
    case .typeStatus(let number, let status):
      try await bench.executeByHand("UPDATE tasks SET status = '\(status)' WHERE id = '\(tasks.id(number))'")
    case .typeAssignee(let number, let agent):
      try await bench.executeByHand("UPDATE tasks SET recipient = '\(agent)' WHERE id = '\(tasks.id(number))'")
    case .typeTaskDeletion(let number): try await bench.executeByHand("DELETE FROM tasks WHERE id = '\(tasks.id(number))'")
    default: fatalError("\(step) is not carried out")
    }
  }

  // MARK: As lines

  private func unread(_ counts: UnreadCounts?) -> String { counts.map { "unread \($0.messages) \($0.tasks)" } ?? "unread not counted" }

  private func receipt(_ receipt: SendReceipt) -> [String] {
    [
      "m\(messages.number(receipt.messageID))\(receipt.duplicate ? " duplicate" : "")", receipt.recipientOnline ? "online" : "offline",
      unread(receipt.unread),
    ]
  }

  private func line(_ message: Message) -> String {
    let reply = message.replyTo.map { " to m\(messages.number($0))" } ?? ""
    let task = message.taskID.map { " about t\(tasks.number($0))" } ?? ""
    return
      "m\(messages.number(message.id)) \(message.sender ?? "-") \(message.content ?? "-")\(reply)\(task)"
      + (message.redelivered ? " again" : "")
  }

  private func line(_ task: BridgeTask) -> String {
    let holder = task.holder.map { " held by \(number(ofHolder: $0))\(task.stale ? " stale" : "")" } ?? ""
    return "t\(tasks.number(task.id)) \(task.sender ?? "-") \(task.recipient ?? "-") \(task.title ?? "-") \(task.status ?? "-") "
      + "\(task.result ?? "-")\(holder)"
  }

  /// What a person sees who selects from the documented tables, the histories and the agents.
  private func rows() async throws -> [String] {
    func columns(_ kind: String, _ table: String, _ order: String, _ columns: [String]) -> String {
      let texts = (columns + Array(repeating: "NULL", count: 5 - columns.count)).map { "COALESCE(CAST(\($0) AS TEXT), '-')" }
      return "SELECT '\(kind)' AS kind, \(order) AS number, " + texts.joined(separator: ", ") + " FROM \(table)"
    }
    let parts = [
      columns("1", "messages", bench.order, ["id", "sender", "recipient", "content", "COALESCE(read, 0)"]),
      columns("2", "tasks", bench.order, ["id", "sender", "recipient", "title", "status"]),
      columns("3", "tasks", bench.order, ["id", "result"]),
      columns("4", "task_events", "seq", ["task_id", "from_status", "to_status", "actor"]),
      columns("5", "agents", "0", ["name"]),
    ]
    let rows = try await bench.queryByHand(parts.joined(separator: " UNION ALL ") + " ORDER BY kind, number").map { $0.map { $0 ?? "-" } }
    func part(_ kind: String) -> [[String]] { rows.filter { $0[0] == kind }.map { Array($0[2...]) } }
    let results = part("3").map { $0[1] }
    let histories = Dictionary(grouping: part("4")) { Int(tasks.number($0[0])) ?? 0 }
    return part("1").map { "m\(messages.number($0[0])) " + $0[1...].joined(separator: " ") }
      + zip(part("2"), results).map { "t\(tasks.number($0[0])) " + ($0[1...] + [$1]).joined(separator: " ") }
      + histories.keys.sorted().flatMap { task in (histories[task] ?? []).map { "t\(task): " + $0[1..<4].joined(separator: " ") } }
      + part("5").map { $0[0] }.sorted()
  }
}
