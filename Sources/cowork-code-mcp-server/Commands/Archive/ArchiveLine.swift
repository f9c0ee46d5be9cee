import Bridge
import JSON
import MCP

/// One line of an exported file.
enum ArchiveLine {
  /// The first line.
  case header(isPartial: Bool)
  case agent(ArchivedAgent)
  case message(ArchivedMessage)
  case task(ArchivedTask)
  /// The last line: how many of each there are. Without it a file is cut off.
  case end(ArchiveTotals)

  static let format = "cowork-code-mcp-server"
  static let version: Int64 = 1

  var encoded: String {
    let json: JSON =
      switch self {
      case .header(let isPartial): ["format": .string(Self.format), "version": .integer(Self.version), "partial": .bool(isPartial)]
      case .agent(let agent): ["agent": agent.json]
      case .message(let message): ["message": message.json]
      case .task(let task): ["task": task.json]
      case .end(let totals):
        [
          "end": [
            "agents": .integer(Int64(totals.agents)), "messages": .integer(Int64(totals.messages)), "tasks": .integer(Int64(totals.tasks)),
          ]
        ]
      }
    return json.line
  }

  /// - Throws: `ArchiveLineError`.
  init(decoding bytes: [UInt8]) throws {
    let json: JSON
    do { json = try JSON(decoding: bytes) } catch { throw ArchiveLineError("\(error)") }
    guard let object = json.objectValue else { throw ArchiveLineError("It is no JSON object.") }
    if let format = object["format"] {
      guard format.stringValue == Self.format, let version = object["version"]?.wholeNumber else {
        throw ArchiveLineError("It is the first line of another kind of file.")
      }
      guard version <= Self.version else {
        throw ArchiveLineError(
          "The file has version \(version), and this program knows \(Self.version): install the newer one that made it.")
      }
      self = .header(isPartial: object["partial"]?.boolValue ?? false)
      return
    }
    guard object.count == 1, let (kind, value) = object.members.first else {
      throw ArchiveLineError("It must have one member: agent, message, task or end.")
    }
    var fields = try ArchiveFields(value, of: kind)
    switch kind {
    case "agent": self = .agent(try ArchivedAgent(&fields))
    case "message": self = .message(try ArchivedMessage(&fields))
    case "task": self = .task(try ArchivedTask(&fields))
    case "end":
      self = .end(
        ArchiveTotals(
          messages: try fields.number("messages") ?? -1, tasks: try fields.number("tasks") ?? -1, agents: try fields.number("agents") ?? -1)
      )
    default: throw ArchiveLineError("\"\(kind.prefix(40))\" is none of agent, message, task and end.")
    }
    try fields.requireNothingElse()
  }
}

/// What is wrong with a line.
struct ArchiveLineError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// The members of an object, each taken once.
struct ArchiveFields {
  private var object: JSONObject
  private let kind: String

  init(_ json: JSON, of kind: String) throws {
    guard let object = json.objectValue else { throw ArchiveLineError("\"\(kind.prefix(40))\" must be an object.") }
    self.object = object
    self.kind = kind
  }

  private mutating func take(_ key: String) -> JSON? {
    defer { object[key] = nil }
    return object[key] == .null ? nil : object[key]
  }

  private func wrong(_ key: String, _ rule: String) -> ArchiveLineError { ArchiveLineError("\(kind).\(key) must be \(rule).") }

  mutating func text(_ key: String) throws -> String? {
    guard let json = take(key) else { return nil }
    guard let text = json.stringValue else { throw wrong(key, "a text") }
    return text
  }

  mutating func time(_ key: String, mayBeEmpty: Bool = false) throws -> String? {
    guard let text = try text(key) else { return nil }
    guard ArchiveTime.isCanonical(text) || (mayBeEmpty && text.isEmpty) else { throw wrong(key, "a time such as 2026-01-31T12:00:00.000Z") }
    return text
  }

  mutating func flag(_ key: String) throws -> Bool {
    guard let json = take(key) else { return false }
    guard let value = json.boolValue else { throw wrong(key, "true or false") }
    return value
  }

  mutating func number(_ key: String) throws -> Int? {
    guard let json = take(key) else { return nil }
    guard let value = json.wholeNumber else { throw wrong(key, "a whole number") }
    return Int(value)
  }

  mutating func column(_ key: String) throws -> ArchivedText? {
    guard let json = take(key) else { return nil }
    if let text = json.stringValue { return ArchivedText(text) }
    guard let object = json.objectValue, let code = object["base64"]?.stringValue, let bytes = Base64Text.decode(code),
      let type = object["type"]?.stringValue, type == "blob" || type == "text"
    else { throw wrong(key, "a text, null, or {\"base64\": …, \"type\": \"blob\" or \"text\"}") }
    return ArchivedText(bytes: bytes, isBlob: type == "blob")
  }

  mutating func id() throws -> ArchivedText {
    guard let id = try column("id") else { throw wrong("id", "there") }
    return id
  }

  mutating func list(_ key: String) throws -> [JSON] {
    guard let json = take(key) else { return [] }
    guard let list = json.arrayValue else { throw wrong(key, "a list") }
    return list
  }

  func requireNothingElse() throws {
    if let key = object.keys.first { throw ArchiveLineError("\(kind).\(key.prefix(40)) is not known to this program.") }
  }
}
