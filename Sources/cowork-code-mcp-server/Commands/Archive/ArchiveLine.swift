import Bridge
import Foundation
import JSON

/// A line of an exported file.
enum ArchiveLine {
  /// The first line.
  case header(isPartial: Bool)
  case agent(ArchivedAgent)
  case message(ArchivedMessage)
  case task(ArchivedTask)
  /// The last line, with the number of records. A file without it is truncated.
  case end(ArchiveTotals)

  static let format = "cowork-code-mcp-server"
  static let version: Int64 = 1

  var encoded: String {
    let json: JSON =
      switch self {
      case .header(let isPartial): ["format": .string(Self.format), "version": .integer(Self.version), "partial": .bool(isPartial)]
      case .agent(let agent): ["agent": .object(agent.json)]
      case .message(let message): ["message": .object(message.json)]
      case .task(let task): ["task": .object(task.json.merging(["events": .array(task.events.map { .object($0.json) })]))]
      case .end(let totals):
        [
          "end": [
            "agents": .integer(Int64(totals.agents)), "messages": .integer(Int64(totals.messages)), "tasks": .integer(Int64(totals.tasks)),
          ]
        ]
      }
    return json.line
  }

  init(decoding bytes: [UInt8]) throws {
    let json: JSON
    do { json = try JSON(decoding: bytes) } catch { throw CommandFailure("\(error)") }
    guard let object = json.objectValue else { throw CommandFailure("It is no JSON object.") }
    if let format = object["format"] {
      guard format.stringValue == Self.format, let version = object["version"]?.wholeNumber else {
        throw CommandFailure("It is the first line of another kind of file.")
      }
      guard version <= Self.version else {
        throw CommandFailure(
          "The file has version \(version), and this program knows \(Self.version): install the newer one that made it.")
      }
      self = .header(isPartial: object["partial"]?.boolValue ?? false)
      return
    }
    guard object.count == 1, let (kind, value) = object.members.first else {
      throw CommandFailure("It must have one member: agent, message, task or end.")
    }
    var fields = try ArchiveFields(value, of: kind)
    switch kind {
    case "agent":
      let agent: ArchivedAgent = try fields.record()
      do { _ = try Identity(agent.name) } catch { throw CommandFailure("agent.name: \(error.message)") }
      self = .agent(agent)
    case "message": self = .message(try fields.record())
    case "task":
      var task: ArchivedTask = try fields.record()
      task.events = try (fields.take("events", "a list", \.arrayValue) ?? []).map { json in
        var fields = try ArchiveFields(json, of: "event")
        let event: ArchivedEvent = try fields.record()
        try fields.requireNothingElse()
        return event
      }
      self = .task(task)
    case "end":
      func count(_ key: String) throws -> Int { try fields.take(key, "a whole number") { $0.wholeNumber.map(Int.init) } ?? -1 }
      self = .end(ArchiveTotals(messages: try count("messages"), tasks: try count("tasks"), agents: try count("agents")))
    default: throw CommandFailure("\"\(kind.prefix(40))\" is none of agent, message, task and end.")
    }
    try fields.requireNothingElse()
  }
}

/// The members of an object, each taken once.
struct ArchiveFields {
  private var object: JSONObject
  private let kind: String

  init(_ json: JSON, of kind: String) throws {
    guard let object = json.objectValue else { throw CommandFailure("\"\(kind.prefix(40))\" must be an object.") }
    (self.object, self.kind) = (object, kind)
  }

  /// Takes a member; nil where it is missing or null.
  mutating func take<Value>(_ key: String, _ rule: String, _ read: (JSON) -> Value?) throws -> Value? {
    defer { object[key] = nil }
    guard let json = object[key], json != .null else { return nil }
    guard let value = read(json) else { throw wrong(key, rule) }
    return value
  }

  private func wrong(_ key: String, _ rule: String) -> CommandFailure { CommandFailure("\(kind).\(key) must be \(rule).") }

  mutating func record<Record: FieldedRecord>() throws -> Record {
    var record = Record()
    for field in Record.fields {
      let value = try take(field.name, field.kind.rule, field.kind.value)
      if value == nil, field.traits.contains(.required) { throw wrong(field.name, "there") }
      if field.name == "idempotency_key", value?.text.map({ $0.utf8.count > Limits.keyBytes }) == true {
        throw wrong(field.name, "a text of at most \(Limits.keyBytes) bytes")
      }
      field.set(value, in: &record)
    }
    return record
  }

  func requireNothingElse() throws {
    if let key = object.keys.first { throw CommandFailure("\(kind).\(key.prefix(40)) is not known to this program.") }
  }
}

extension FieldKind {
  fileprivate var rule: String {
    switch self {
    case .id, .exact: "a text, null, or {\"base64\": …, \"type\": \"blob\" or \"text\"}"
    case .number: "a whole number"
    case .flag: "true or false"
    case .text: "a text without a NUL character"
    case .time, .deadline: "a time such as 2026-01-31T12:00:00.000Z"
    }
  }

  fileprivate func value(_ json: JSON) -> FieldValue? {
    switch self {
    case .id, .exact: ArchivedText(json).map { .exact($0) }
    case .number: json.wholeNumber.map { .number(Int($0)) }
    case .flag: json.boolValue.map { .flag($0) }
    case .text: json.stringValue.flatMap { $0.utf8.contains(0) ? nil : .text($0) }
    case .time, .deadline:
      json.stringValue.flatMap { ArchiveTime.isCanonical($0) || self == .deadline && $0.isEmpty ? .text($0) : nil }
    }
  }
}

extension FieldedRecord {
  /// Documented columns are always present, details only if they have a value.
  fileprivate var json: JSONObject {
    var object = JSONObject()
    for field in Self.fields {
      switch field.value(in: self) {
      case .exact(let text): object[field.name] = text.json
      case .text(let text): object[field.name] = .string(text)
      case .number(let number): object[field.name] = .integer(Int64(number))
      case .flag(let flag): object[field.name] = .bool(flag)
      case nil: if field.kind == .exact || field.kind == .number { object[field.name] = .null }
      }
    }
    return object
  }
}

extension ArchivedText {
  /// A text; base64 for a blob and for what is not a JSON string.
  fileprivate var json: JSON {
    if let text { return .string(text) }
    return ["base64": .string(Data(bytes).base64EncodedString()), "type": isBlob ? "blob" : "text"]
  }

  fileprivate init?(_ json: JSON) {
    if let text = json.stringValue {
      self.init(text)
    } else if let bytes = json["base64"]?.stringValue.flatMap({ Data(base64Encoded: $0) }),
      let type = json["type"]?.stringValue, type == "blob" || type == "text"
    {
      self.init(bytes: Array(bytes), isBlob: type == "blob")
    } else {
      return nil
    }
  }
}
