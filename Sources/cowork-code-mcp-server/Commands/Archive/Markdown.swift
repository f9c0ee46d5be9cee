import Bridge

/// Messages and tasks to read. Text of agents is always code that it cannot end, so it can fake neither a heading nor a sender.
enum Markdown {
  static func section(_ message: ArchivedMessage, _ number: Int) -> String {
    var facts = [message.createdAt.map { "sent \(code($0.portable))" } ?? "sent at an unknown time"]
    facts.append(message.isRead ? "read" + (message.readAt.map { " \(code($0))" } ?? "") : "not read")
    if message.redelivered { facts.append("delivered before") }
    if let replyTo = message.replyTo { facts.append("answers \(code(replyTo))") }
    if let task = message.taskID { facts.append("about task \(code(task))") }
    return """

      ## \(number). \(name(message.sender)) → \(name(message.recipient))

      \(facts.joined(separator: ", ")); id \(code(message.id.portableID))

      \(block(message.content))
      """
  }

  static func section(_ task: ArchivedTask) -> String {
    var text = """

      ## \(task.title.map { code($0.portable) } ?? "A task without a title")

      \(name(task.sender)) → \(name(task.recipient)), \(task.status.map { code($0.portable) } ?? "without a status"); id \(code(task.id.portableID))

      \(block(task.description))
      """
    if let result = task.result { text += "\nResult:\n\n\(block(result))" }
    for (index, event) in task.events.enumerated() {
      let change = [event.from, event.to].compactMap { $0.map(code) }.joined(separator: " → ")
      text +=
        "\(index == 0 ? "\n" : "")- \(code(event.at)) \(change) by \(event.actor.map(code) ?? "hand")\(event.note.map { ": \(code($0))" } ?? "")\n"
    }
    return text
  }

  private static func name(_ text: ArchivedText?) -> String { text.map { code($0.portable) } ?? "nobody" }

  /// A line of code, with a fence that is longer than any in the text.
  static func code(_ text: String) -> String {
    let line = text.harmlessLine
    let fence = String(repeating: "`", count: longestFence(line) + 1)
    let needsSpace = line.isEmpty || line.hasPrefix("`") || line.hasSuffix("`") || (line.hasPrefix(" ") && line.hasSuffix(" "))
    return needsSpace ? "\(fence) \(line) \(fence)" : fence + line + fence
  }

  private static func block(_ text: ArchivedText?) -> String {
    guard let text else { return "(nothing)\n" }
    let content = text.portable.harmless
    let fence = String(repeating: "`", count: max(3, longestFence(content) + 1))
    return "\(fence)text\n\(content)\(content.hasSuffix("\n") ? "" : "\n")\(fence)\n"
  }

  private static func longestFence(_ text: String) -> Int {
    var (longest, current) = (0, 0)
    for byte in text.utf8 {
      current = byte == UInt8(ascii: "`") ? current + 1 : 0
      longest = max(longest, current)
    }
    return longest
  }
}
