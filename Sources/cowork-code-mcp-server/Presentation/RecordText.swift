import Bridge
import BridgeServer

// `shown` is what people read of a value; `--json` prints its declared output instead.

extension SentOutput {
  var shown: String {
    let receipts = (sent ?? []).reduce(one?.shown ?? "") { $0 + $1.shown }
    guard let reply else { return receipts }
    return receipts + "\n" + (reply.messages.first?.shown(inHistory: false) ?? "No reply came in time; it will wait for you.\n")
  }
}

extension SendReceipt {
  fileprivate var shown: String {
    let id = Colours.strong(messageID)
    if duplicate { return "Sent before to \(Colours.agent(recipient.name)) as \(id): nothing new was sent.\n" }
    let presence = recipientOnline ? "which is online" : "which is offline and will find it"
    return "Sent to \(Colours.agent(recipient.name)), \(presence).\n\(id)  \(Colours.faint(createdAt))\n"
  }
}

extension Delivery {
  func shown(for agent: Identity) -> String {
    var notes = [String]()
    if remaining > 0 { notes.append("\(limitedCount(remaining, "more unread message")): read again.") }
    if elsewhere > 0 { notes.append("\(counted(elsewhere, "message")) kept for other sessions of \(agent): read --all-sessions.") }
    if setAside > 0 { notes.append("\(counted(setAside, "message")) set aside: read --set-aside.") }
    let rest = notes.map { Colours.notable($0) + "\n" }.joined()
    if messages.isEmpty { return "No unread messages for \(Colours.agent(agent.name)).\n" + rest }
    return messages.map { $0.shown(inHistory: false) }.joined(separator: "\n") + (rest.isEmpty ? "" : "\n" + rest)
  }
}

extension HistoryPage {
  var shown: String {
    let gap = isPartial ? Colours.notable("The text index is being rebuilt: older messages may be missing.") + "\n" : ""
    if messages.isEmpty { return "No such messages.\n" + gap }
    let last = messages.last?.id?.field
    let rest = more ? "\n\(Colours.notable("There are older ones\(last.map { ": --before \($0)" } ?? "")."))\n" : ""
    return messages.map { $0.shown(inHistory: true) }.joined(separator: "\n") + rest + gap
  }
}

extension Message {
  func shown(inHistory: Bool) -> String {
    let who = "\(Colours.agent(sender.orNobody)) → \(Colours.agent(recipient.orNobody))"
    let head = wrapped([who, Colours.faint(createdAt.orDash), id.orDash])
    var notes = [String]()
    if let replyTo = references.replyTo { notes.append("answers \(replyTo.field)") }
    if let taskID = references.taskID { notes.append("about task \(taskID.field)") }
    if redelivered { notes.append(Colours.notable("delivered before")) }
    if inHistory { notes.append(isRead ? "read\(readAt.map { " at \($0.field)" } ?? "")" : Colours.notable("not read yet")) }
    for index in notes.indices.dropLast() { notes[index] += "," }
    let note = notes.isEmpty ? "" : wrapped(["(" + notes[0]] + notes.dropFirst(), margin: "  ", gap: " ", end: ")")
    return "\(head)\(note)\((content ?? "").indented(by: 2))\n"
  }
}

extension UnreadCounts {
  /// In one line.
  func waiting(for agent: Identity) -> String {
    if isEmpty { return "Nothing waits for \(agent)." }
    var parts = [String]()
    if messages > 0 { parts.append(limitedCount(messages, "unread message")) }
    if tasks > 0 { parts.append("\(limitedCount(tasks, "task")) with news") }
    return Colours.notable("For \(agent): \(parts.joined(separator: ", ")).")
  }
}

/// `1 task`, `2 tasks`.
func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

/// The same for what is counted up to `Limits.countLimit`.
func limitedCount(_ count: Int, _ noun: String) -> String {
  count < Limits.countLimit ? counted(count, noun) : "\(limitedCount(count)) \(noun)s"
}
func limitedCount(_ count: Int) -> String { count < Limits.countLimit ? "\(count)" : "\(count)+" }

extension String? {
  /// A field in one line; a dash where it is missing.
  var orDash: String { self?.field ?? "–" }
  /// An agent's name in a row.
  var orNobody: String { self?.field ?? "nobody" }
}

/// Painted parts in a line, or in several that a terminal need not wrap.
private func wrapped(_ parts: [String], margin: String = "", gap: String = "  ", end: String = "") -> String {
  var lines = [margin + (parts.first ?? "")]
  for part in parts.dropFirst() {
    let (line, more) = (lines[lines.count - 1], gap + part)
    if (line + more + end).withoutColours.columns <= Terminal.lineWidth ?? .max {
      lines[lines.count - 1] += more
    } else {
      lines.append(margin + "  " + part)
    }
  }
  return lines.joined(separator: "\n") + end + "\n"
}

extension TaskReceipt {
  func shown(for assignee: Identity) -> String {
    let presence = recipientOnline ? "which is online" : "which is offline and will find it"
    return """
      Created for \(Colours.agent(assignee.name)), \(presence); it is \(Colours.status(status)).
      \(Colours.strong(taskID))  \(Colours.faint(createdAt))

      """
  }
}

extension Delivery {
  func shown(for agent: Identity, _ role: TaskRole) -> String {
    if tasks.isEmpty { return "No such tasks \(role == .assignee ? "assigned to" : "created by") \(Colours.agent(agent.name)).\n" }
    let other: TableColumn<BridgeTask> = role == .assignee ? TableColumn("FROM") { $0.sender } : TableColumn("TO") { $0.recipient }
    let columns = [
      .id { $0.id }, .status { $0.statusText }, other, TableColumn("TITLE") { $0.title?.brief(50) },
      TableColumn("CHANGED") { $0.updatedAt ?? $0.createdAt },
    ]
    let rest = next.map { "\n\(Colours.notable("\(limitedCount(remaining, "more task")): --cursor \($0.text)"))\n" } ?? ""
    return table(tasks, columns) + rest
  }
}

extension TaskReport {
  var shown: String {
    if history.isEmpty { return task.shown }
    let events = history.map { event in
      let change = [event.from, event.to].compactMap { $0.map { Colours.status($0.field) } }.joined(separator: " → ")
      let note = event.note.map { "\n" + $0.indented(by: 6) } ?? ""
      return "    \(Colours.faint(event.at.orDash))  \(change)  by \(Colours.agent(event.actor?.field ?? "hand"))\(note)"
    }
    return task.shown + "  history\n" + events.joined(separator: "\n") + "\n"
  }
}

extension BridgeTask {
  var shown: String {
    var text = "\(Colours.strong(title?.wrappedLine ?? "–"))\n"
    func line(_ name: String, _ value: String) { text += "  \(name.padding(to: 12))\(value)\n" }
    line("id", id.orDash)
    line("status", Colours.status(statusText.orDash))
    line("from", Colours.agent(sender.orNobody))
    line("to", Colours.agent(recipient.orNobody))
    line("created", createdAt.orDash)
    if let updatedAt { line("changed", updatedAt.field) }
    if let holder { line("held by", holder.field) }
    if let description, !description.isEmpty { text += "  description\n\(description.indented(by: 4))\n" }
    if let result { text += "  result\n\(result.indented(by: 4))\n" }
    return text
  }

  fileprivate var statusText: String? { stale ? status.map { "\($0) (stale)" } : status }
}

extension String {
  fileprivate func padding(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
