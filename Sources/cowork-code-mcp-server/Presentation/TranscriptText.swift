import Bridge
import Foundation

/// Writes a transcript for people: a line for each day and entry, and the beginning of each text.
actor TextPrinter {
  private let width: Int
  private let isFull: Bool
  /// The day of the last entry; a line separates it from the next.
  private var day = TextPrinter.day(of: Date().timeIntervalSince1970)
  private static let indent = 10
  private static let lines = 6

  /// The names of the sessions of agents that have several, by their stamps.
  private var sessions: [String: String] = [:]

  init(width: Int, isFull: Bool) {
    self.width = width
    self.isFull = isFull
  }

  func know(_ sessions: [SessionSummary]) {
    let several = Dictionary(grouping: sessions, by: \.agent).values.filter { $0.count > 1 }.joined()
    self.sessions = Dictionary(several.map { ($0.stamp, $0.name) }) { first, _ in first }
  }

  func text(_ entries: [TranscriptEntry]) -> String { entries.map(text).joined() }

  private static func day(of time: Double) -> String { Ages.local(time, "%A, %d %B %Y") }

  private func text(_ entry: TranscriptEntry) -> String {
    var text = ""
    if let time = entry.time, case let day = Self.day(of: time), day != self.day {
      self.day = day
      let rule = String(repeating: "─", count: max(0, width - day.columns - 4))
      text = Colours.faint("── \(day) \(rule)") + "\n"
    }
    let time = Colours.faint(entry.time.map { Ages.local($0, "%H:%M:%S") } ?? "--:--:--")
    let parts = parts(of: entry.event)
    let head = parts.head.joined(separator: "  ")
    let rest = width - Self.indent
    let body = parts.body.harmless.replacing("\t", with: "    ")
    // If too little of the line is left, the text begins on the next one.
    let room = rest - head.withoutColours.columns - 2
    let isBeside = room >= 20
    var (lines, isWhole) = Wrapping(first: isBeside ? room : rest, rest: rest).lines(of: body, limit: isFull ? .max : Self.lines)
    while lines.count > 1, lines.last?.isEmpty == true { lines.removeLast() }
    if !isWhole {
      if lines.count == Self.lines { lines.removeLast() }
      lines.append(Colours.faint("… \(parts.body.count) characters; --full shows them"))
    }
    let margin = String(repeating: " ", count: Self.indent)
    let first = isBeside ? lines.removeFirst() : ""
    text += "\(time)  \(head)\(first.isEmpty ? "" : "  " + first)\n"
    return text + lines.map { $0.isEmpty ? "\n" : margin + $0 + "\n" }.joined()
  }

  /// The painted facts of an event, and its text.
  private func parts(of event: TranscriptEntry.Event) -> (head: [String], body: String) {
    switch event {
    case .message(let message):
      let session = message.id.flatMap { sessions[Stamp.session(of: $0)] }
      var head = [sides(message.sender, message.recipient, session: session), short(message.id)]
      if let reply = message.replyTo { head.append(Colours.faint("answers \(short(reply))")) }
      if let task = message.taskID { head.append(Colours.faint("on task \(short(task))")) }
      return (head, message.content ?? "")
    case .task(let task, let event):
      let actor = event.actor ?? task.sender
      let title = task.title ?? ""
      if event.from == nil, event.to != nil {
        let head = [sides(actor, task.recipient), short(task.id), Colours.notable("new task")]
        return (head + (event.to == "pending" ? [] : [status(event.to)]), title)
      }
      var head = [sides(actor, actor == task.sender ? task.recipient : task.sender), short(task.id), "task \(status(event.to))"]
      if event.actor == nil { head.append(Colours.faint("by hand")) }
      return (head, title + (event.note.map { "\n" + $0 } ?? ""))
    }
  }

  private func agent(_ name: String?) -> String {
    let name = name.orNobody
    return Colours.agent(isFull ? name : name.brief(20), named: name)
  }
  private func sides(_ from: String?, _ to: String?, session: String? = nil) -> String {
    "\(agent(from))\(session.map { Colours.faint(" (\($0.harmlessLine.brief(30)))") } ?? "") → \(agent(to))"
  }
  private func short(_ id: String?) -> String { isFull ? id.orDash : String(id.orDash.prefix(8)) }
  private func status(_ status: String?) -> String { Colours.status(isFull ? status.orDash : status.orDash.brief(12)) }
}
