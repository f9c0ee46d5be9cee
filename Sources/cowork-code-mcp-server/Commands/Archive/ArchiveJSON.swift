import Bridge
import Foundation
import JSON
import MCP

extension ArchivedText {
  /// A text, or its bytes where JSON or SQLite tell it from one.
  fileprivate var json: JSON {
    if let text { return .string(text) }
    return ["base64": .string(Data(bytes).base64EncodedString()), "type": isBlob ? "blob" : "text"]
  }
}

/// RFC 4648, section 4.
enum Base64Text {
  static func decode(_ text: String) -> [UInt8]? { Data(base64Encoded: text).map(Array.init) }
}

extension ArchivedText? {
  fileprivate var json: JSON { self?.json ?? .null }
}

extension JSONObject {
  /// Details are there only where there is something to say.
  fileprivate mutating func set(_ key: String, _ text: String?) { if let text { self[key] = .string(text) } }
  fileprivate mutating func set(_ key: String, _ flag: Bool) { if flag { self[key] = .bool(true) } }
}

extension ArchivedMessage {
  var json: JSON {
    var object: JSONObject = [
      "id": id.json, "sender": sender.json, "recipient": recipient.json, "content": content.json,
      "read": read.map { .integer(Int64($0)) } ?? .null, "created_at": createdAt.json,
    ]
    object.set("reply_to", replyTo)
    object.set("task_id", taskID)
    object.set("idempotency_key", idempotencyKey)
    object.set("read_at", readAt)
    object.set("redelivered", redelivered)
    return .object(object)
  }

  init(_ fields: inout ArchiveFields) throws {
    self.init(
      id: try fields.id(), sender: try fields.column("sender"), recipient: try fields.column("recipient"),
      content: try fields.column("content"), createdAt: try fields.column("created_at"), read: try fields.number("read"),
      replyTo: try fields.text("reply_to"), taskID: try fields.text("task_id"), idempotencyKey: try fields.text("idempotency_key"),
      readAt: try fields.time("read_at"), redelivered: try fields.flag("redelivered"))
  }
}

extension ArchivedTask {
  var json: JSON {
    var object: JSONObject = [
      "id": id.json, "sender": sender.json, "recipient": recipient.json, "title": title.json, "description": description.json,
      "status": status.json, "created_at": createdAt.json, "updated_at": updatedAt.json, "result": result.json,
    ]
    object.set("idempotency_key", idempotencyKey)
    object.set("holder", holder)
    object.set("holder_process", holderProcess)
    object.set("held_until", heldUntil)
    object.set("assignee_unseen", assigneeUnseen)
    object.set("creator_unseen", creatorUnseen)
    object["events"] = .array(events.map(\.json))
    return .object(object)
  }

  init(_ fields: inout ArchiveFields) throws {
    self.init(
      id: try fields.id(), sender: try fields.column("sender"), recipient: try fields.column("recipient"),
      title: try fields.column("title"),
      description: try fields.column("description"), status: try fields.column("status"), createdAt: try fields.column("created_at"),
      updatedAt: try fields.column("updated_at"), result: try fields.column("result"))
    idempotencyKey = try fields.text("idempotency_key")
    holder = try fields.text("holder")
    holderProcess = try fields.text("holder_process")
    heldUntil = try fields.time("held_until", mayBeEmpty: true)
    assigneeUnseen = try fields.flag("assignee_unseen")
    creatorUnseen = try fields.flag("creator_unseen")
    events = try fields.list("events").map { try ArchivedEvent($0) }
  }
}

extension ArchivedEvent {
  fileprivate var json: JSON {
    var object: JSONObject = ["at": .string(at)]
    object.set("actor", actor)
    object.set("instance", instance)
    object.set("from", from)
    object.set("to", to)
    object.set("note", note)
    return .object(object)
  }

  fileprivate init(_ json: JSON) throws {
    var fields = try ArchiveFields(json, of: "event")
    guard let at = try fields.time("at") else { throw ArchiveLineError("event.at must be there.") }
    self.init(
      at: at, actor: try fields.text("actor"), instance: try fields.text("instance"), from: try fields.text("from"),
      to: try fields.text("to"), note: try fields.text("note"))
    try fields.requireNothingElse()
  }
}

extension ArchivedAgent {
  var json: JSON {
    var object: JSONObject = ["name": .string(name), "added_at": .string(addedAt)]
    object.set("last_seen", lastSeen)
    object.set("host", host)
    object.set("client", client)
    return .object(object)
  }

  init(_ fields: inout ArchiveFields) throws {
    guard let name = try fields.text("name"), let addedAt = try fields.time("added_at") else {
      throw ArchiveLineError("An agent needs a name and added_at.")
    }
    self.init(
      name: name, addedAt: addedAt, lastSeen: try fields.time("last_seen"), host: try fields.text("host"), client: try fields.text("client")
    )
  }
}
