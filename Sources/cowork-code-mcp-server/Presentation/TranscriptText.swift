import Bridge
import Foundation
import JSON
import MCP

/// Shows entries of a transcript.
protocol EntryPrinter: Actor {
  /// - Throws: `OutputError`.
  func print(_ entries: [TranscriptEntry]) async throws
}

/// For people.
actor TextPrinter: EntryPrinter {
  private let width: Int
  private let isFull: Bool
  /// The one that was shown last, which is today's at first.
  private var day = TextPrinter.day(of: Date().timeIntervalSince1970)
  private static let indent = 10
  private static let lines = 6

  init(width: Int, isFull: Bool) {
    self.width = width
    self.isFull = isFull
  }

  func print(_ entries: [TranscriptEntry]) async throws { try await StandardStreams.write(entries.map(text).joined()) }

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
    let head = parts.head.map(\.plain).joined(separator: "  ").columns
    let shown = ([time] + parts.head.map(\.shown)).joined(separator: "  ")
    let rest = width - Self.indent
    let body = parts.body.harmless.replacing("\t", with: "    ")
    // Where too little is left of the line, the text begins on the next one.
    let room = rest - head - 2
    let isBeside = room >= 20
    var (lines, isWhole) = Wrapping(first: isBeside ? room : rest, rest: rest).lines(of: body, limit: isFull ? .max : Self.lines)
    while lines.count > 1, lines.last?.isEmpty == true { lines.removeLast() }
    if !isWhole {
      if lines.count == Self.lines { lines.removeLast() }
      lines.append(Colours.faint("… \(parts.body.count) characters; --full shows them"))
    }
    let margin = String(repeating: " ", count: Self.indent)
    if isBeside, let first = lines.first {
      text += shown + (first.isEmpty ? "" : "  " + first) + "\n"
      lines.removeFirst()
    } else {
      text += shown + "\n"
    }
    return text + lines.map { $0.isEmpty ? "\n" : margin + $0 + "\n" }.joined()
  }

  private struct Part {
    let plain: String
    let shown: String

    init(_ plain: String, _ shown: (String) -> String = { $0 }) {
      self.plain = plain
      self.shown = shown(plain)
    }

    init(_ parts: [Part]) {
      plain = parts.map(\.plain).joined()
      shown = parts.map(\.shown).joined()
    }
  }

  private func parts(of event: TranscriptEntry.Event) -> (head: [Part], body: String) {
    switch event {
    case .message(let message):
      var head = [sides(message.sender, message.recipient), id(message.id)]
      if let reply = message.replyTo { head.append(Part("answers \(short(reply))", Colours.faint)) }
      if let task = message.taskID { head.append(Part("on task \(short(task))", Colours.faint)) }
      return (head, message.content ?? "")
    case .task(let task, let event):
      let title = task.title ?? ""
      guard event.from != nil || event.to == nil else {
        return (
          [sides(event.actor ?? task.sender, task.recipient), id(task.id), Part("new task", Colours.notable)]
            + (event.to == "pending" ? [] : [status(event.to)]), title
        )
      }
      let change = Part([Part("task "), status(event.to)])
      let note = event.note.map { "\n" + $0 } ?? ""
      guard let actor = event.actor else {
        return ([sides(task.sender, task.recipient), id(task.id), change, Part("by hand", Colours.faint)], title + note)
      }
      return ([sides(actor, actor == task.sender ? task.recipient : task.sender), id(task.id), change], title + note)
    }
  }

  private func agent(_ name: String?) -> Part {
    let name = name.orNobody
    return Part(isFull ? name : name.brief(20)) { Colours.agent($0, named: name) }
  }
  private func sides(_ from: String?, _ to: String?) -> Part { Part([agent(from), Part(" → "), agent(to)]) }
  private func id(_ id: String?) -> Part { Part(short(id)) }
  private func short(_ id: String?) -> String { isFull ? id.orDash : String(id.orDash.prefix(8)) }
  private func status(_ status: String?) -> Part { Part(isFull ? status.orDash : status.orDash.brief(12), Colours.status) }
}

/// For programs: an object a line, with what is stored.
actor JSONPrinter: EntryPrinter {
  func print(_ entries: [TranscriptEntry]) async throws {
    let lines = entries.map { String(decoding: JSON.object($0.json).encoded(), as: UTF8.self) + "\n" }
    try await StandardStreams.write(lines.joined())
  }
}

extension TranscriptEntry {
  fileprivate var json: JSONObject {
    func text(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }
    switch event {
    case .message(let message):
      var object: JSONObject = ["type": "message"]
      for field in Message.fields where field.kind == .text { object[field.name] = text(field.value(in: message)?.text) }
      return object
    case .task(let task, let event):
      return [
        "type": "task", "id": text(task.id), "title": text(task.title), "sender": text(task.sender), "recipient": text(task.recipient),
        "at": text(event.at), "actor": text(event.actor), "from": text(event.from), "to": text(event.to), "note": text(event.note),
      ]
    }
  }
}
