import Bridge

// `shown` is what people read of a value; `--json` prints its declared output instead.

extension SendReceipt {
  var shown: String {
    let id = Colours.strong(messageID)
    if duplicate { return "Sent before to \(Colours.agent(recipient.name)) as \(id): nothing new was sent.\n" }
    let presence = recipientOnline ? "which is online" : "which is offline and will find it"
    return "Sent to \(Colours.agent(recipient.name)), \(presence).\n\(id)  \(Colours.faint(createdAt))\n"
  }
}

extension Delivery {
  func shown(for agent: Identity) -> String {
    if messages.isEmpty { return "No unread messages for \(Colours.agent(agent.name)).\n" }
    let rest = remaining > 0 ? "\n\(Colours.notable("\(counted(remaining, "more unread message")): read again."))\n" : ""
    return messages.map { $0.shown(inHistory: false) }.joined(separator: "\n") + rest
  }
}

extension HistoryPage {
  var shown: String {
    if messages.isEmpty { return "No such messages.\n" }
    let last = messages.last?.id?.harmlessLine
    let rest = more ? "\n\(Colours.notable("There are older ones\(last.map { ": --before \($0)" } ?? "")."))\n" : ""
    return messages.map { $0.shown(inHistory: true) }.joined(separator: "\n") + rest
  }
}

extension Message {
  func shown(inHistory: Bool) -> String {
    let who = "\(Colours.agent(sender.orNobody)) → \(Colours.agent(recipient.orNobody))"
    let head = [who, Colours.faint(createdAt.orDash), id.orDash].joined(separator: "  ")
    var notes = [String]()
    if let replyTo = references.replyTo { notes.append("answers \(replyTo.harmlessLine)") }
    if let taskID = references.taskID { notes.append("about task \(taskID.harmlessLine)") }
    if redelivered { notes.append(Colours.notable("delivered before")) }
    if inHistory { notes.append(isRead ? "read\(readAt.map { " at \($0.harmlessLine)" } ?? "")" : Colours.notable("not read yet")) }
    let note = notes.isEmpty ? "" : "  (\(notes.joined(separator: ", ")))\n"
    return "\(head)\n\(note)\((content ?? "").indented(by: 2))\n"
  }
}

extension UnreadCounts {
  /// In one line.
  func waiting(for agent: Identity) -> String {
    if isEmpty { return "Nothing waits for \(agent)." }
    var parts = [String]()
    if messages > 0 { parts.append(counted(messages, "unread message")) }
    if tasks > 0 { parts.append("\(counted(tasks, "task")) with news") }
    return Colours.notable("For \(agent): \(parts.joined(separator: ", ")).")
  }
}

/// `1 task`, `2 tasks`.
func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

extension String? {
  /// A field in one line; a dash where it is missing.
  var orDash: String { self?.harmlessLine ?? "–" }
  /// An agent's name in a row.
  var orNobody: String { self?.harmlessLine ?? "nobody" }
}
