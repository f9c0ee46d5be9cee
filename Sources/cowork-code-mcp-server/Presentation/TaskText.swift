import Bridge

extension TaskReceipt {
  func shown(for assignee: Identity) -> String {
    let presence = recipientOnline ? "which is online" : "which is offline and will find it"
    return """
      Created for \(Colours.agent(assignee.name)), \(presence); it is \(Colours.status(status)).
      \(Colours.strong(taskID))  \(Colours.faint(createdAt))

      """
  }
}

extension TaskPage {
  func shown(for agent: Identity, _ role: TaskRole) -> String {
    if tasks.isEmpty { return "No such tasks \(role == .assignee ? "assigned to" : "created by") \(Colours.agent(agent.name)).\n" }
    let other: TableColumn<BridgeTask> = role == .assignee ? TableColumn("FROM") { $0.sender } : TableColumn("TO") { $0.recipient }
    let columns = [
      TableColumn("ID") { $0.id }, .status { $0.statusText }, other, TableColumn("TITLE") { $0.title?.brief(50) },
      TableColumn("CHANGED") { $0.updatedAt ?? $0.createdAt },
    ]
    let rest = remaining > 0 ? "\n\(Colours.notable("\(counted(remaining, "more task")): raise --limit or choose by --status."))\n" : ""
    return table(tasks, columns) + rest
  }
}

extension TaskReport {
  var shown: String {
    if history.isEmpty { return task.shown }
    let events = history.map { event in
      let change = [event.from, event.to].compactMap { $0.map { Colours.status($0.harmlessLine) } }.joined(separator: " → ")
      let note = event.note.map { "\n" + $0.indented(by: 6) } ?? ""
      return "    \(Colours.faint(event.at.orDash))  \(change)  by \(Colours.agent(event.actor?.harmlessLine ?? "hand"))\(note)"
    }
    return task.shown + "  history\n" + events.joined(separator: "\n") + "\n"
  }
}

extension BridgeTask {
  var shown: String {
    var text = "\(Colours.strong(title.orDash))\n"
    func line(_ name: String, _ value: String) { text += "  \(name.padding(to: 12))\(value)\n" }
    line("id", id.orDash)
    line("status", Colours.status(statusText.orDash))
    line("from", Colours.agent(sender.orNobody))
    line("to", Colours.agent(recipient.orNobody))
    line("created", createdAt.orDash)
    if let updatedAt { line("changed", updatedAt.harmlessLine) }
    if let holder { line("held by", holder.harmlessLine) }
    if let description, !description.isEmpty { text += "  description\n\(description.indented(by: 4))\n" }
    if let result { text += "  result\n\(result.indented(by: 4))\n" }
    return text
  }

  fileprivate var statusText: String? { stale ? status.map { "\($0) (stale)" } : status }
}

extension String {
  fileprivate func padding(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
