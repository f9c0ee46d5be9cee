import Bridge
import BridgeServer
import JSON

extension String {
  /// The beginning of a text, and whether there is more.
  fileprivate func cut(at limit: Int) -> (text: String, isCut: Bool) {
    guard utf8.count > limit, let end = unicodeScalars.index(startIndex, offsetBy: limit, limitedBy: endIndex), end < endIndex else {
      return (self, false)
    }
    return (String(self[..<end]), true)
  }
}

extension Message {
  /// For the page.
  ///
  /// - Parameter limit: how many characters of the content are shown.
  func web(upTo limit: Int = 6_000) -> JSON {
    var message = self
    if let content, case (let text, true) = content.cut(at: limit) { (message.content, message.size) = (text, size ?? content.utf8.count) }
    var json = HistoryEntry.schema.encode(HistoryEntry(message: message)).objectValue ?? [:]
    json["type"] = "message"
    json["time"] = .time(createdAt)
    return .object(json)
  }
}

extension TranscriptEntry {
  /// For the page.
  var web: JSON {
    if case .message(let message) = event {
      var json = message.web().objectValue ?? [:]
      json["time"] = time.map { .number($0) } ?? .null
      return .object(json)
    }
    var json = self.json
    json["time"] = time.map { .number($0) } ?? .null
    return .object(json)
  }
}

extension BridgeTask {
  /// For the page.
  ///
  /// - Parameter limit: how many characters of the description and of the result are shown.
  func web(upTo limit: Int = 500) -> JSON {
    var task = self
    let texts = [description, result].map { $0?.cut(at: limit) }
    (task.description, task.result) = (texts[0]?.text, texts[1]?.text)
    if texts.contains(where: { $0?.isCut == true }) {
      task.size = size ?? [title, description, result].reduce(0) { $0 + ($1?.utf8.count ?? 0) }
    }
    var json = BridgeTask.schema.encode(task).objectValue ?? [:]
    json["time"] = .time(createdAt)
    return .object(json)
  }
}

extension JSON {
  /// Seconds since 1970; null for what is no time.
  fileprivate static func time(_ text: String?) -> JSON { text.flatMap { ArchiveTime.seconds(of: $0) }.map { .number($0) } ?? .null }
}
