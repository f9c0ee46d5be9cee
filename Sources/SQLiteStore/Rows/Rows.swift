import Bridge
import Foundation
import GRDB

extension Row {
  /// A column of any storage class as text. A blob that is UTF-8 is that text, another one its hexadecimal form.
  func text(_ column: String) -> String? {
    let value: DatabaseValue = self[column]
    return value.shown
  }

  /// The id, if it is a text that can be told exactly: one that was written by hand may hold a NUL, or bytes that are not UTF-8.
  ///
  /// Of the columns `id` and `id_bytes`.
  var exactID: String? {
    let value: DatabaseValue = self["id"]
    guard case .string(let text) = value.storage, let bytes: Data = self["id_bytes"], bytes.elementsEqual(text.utf8) else { return nil }
    return text
  }

  func flag(_ column: String) -> Bool {
    let value: DatabaseValue = self[column]
    guard case .int64(let number) = value.storage else { return false }
    return number != 0
  }
}

extension DatabaseValue {
  var shown: String? {
    switch storage {
    case .null: nil
    case .int64(let number): String(number)
    case .double(let number): String(number)
    case .string(let text): text
    case .blob(let data):
      String(validating: data, as: UTF8.self)
        ?? "X'\(data.hexadecimal)'"
    }
  }
}

extension Data {
  /// As SQLite's `hex()` shows it.
  var hexadecimal: String { map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true) }.joined() }
}

extension Message {
  init(_ row: Row) {
    let read: DatabaseValue = row["read"]
    self.init(
      id: row.text("id"), sender: row.text("sender"), recipient: row.text("recipient"), content: row.text("content"),
      createdAt: row.text("created_at"), replyTo: row.text("reply_to"), taskID: row.text("task_id"), redelivered: row.flag("redelivered"),
      isRead: !(read.isNull || read == 0.databaseValue), readAt: row.text("read_at"))
  }
}

extension BridgeTask {
  init(_ row: Row) {
    let status = row.text("status")
    let holder = status == TaskStatus.inProgress.rawValue ? row.text("holder") : nil
    let holderIsDead = holder != nil && row.text("holder_process").flatMap { ProcessIdentity(encoded: $0) }?.isKnownDead == true
    self.init(
      id: row.text("id"), sender: row.text("sender"), recipient: row.text("recipient"), title: row.text("title"),
      description: row.text("description"), status: status, result: row.text("result"), createdAt: row.text("created_at"),
      updatedAt: row.text("updated_at"), holder: holder, stale: holder != nil && (row.flag("expired") || holderIsDead))
  }
}
