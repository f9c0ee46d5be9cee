import Bridge
import JSON

extension TranscriptEntry {
  /// For programs: what is stored.
  public var json: JSONObject {
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
