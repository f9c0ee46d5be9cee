import Foundation
import JSON

/// The changes of a text for people, in the manner of a unified difference without context.
///
/// Nothing is shown of what was there before and stays, since it may hold another's secret: "…" stands for the rest of a line.
enum ChangeText {
  /// - Parameters:
  ///   - isNew: whether the file does not exist yet.
  ///   - secrets: texts that are not shown, either.
  static func of(_ text: EditedText, name: String, isNew: Bool, hiding secrets: [String]) -> String {
    var (line, position, length) = (1, 0, 0)
    var hunks = ""
    for change in text.changes {
      line += text.original[position..<change.removed.lowerBound].count { $0 == 0x0A }
      position = change.removed.lowerBound
      // Where the change begins in the new text.
      let start = position + length
      length += change.inserted.count - change.removed.count
      let removed = lines(of: change.removed, in: text.original)
      let added = lines(of: start..<(start + change.inserted.count), in: text.bytes)
      if removed.isEmpty, added.isEmpty { continue }
      hunks += "@@ line \(line) @@\n" + removed.map { "-\($0)\n" }.joined() + added.map { "+\($0)\n" }.joined()
    }
    guard !hunks.isEmpty else { return "" }
    return hide(secrets, in: "--- \(isNew ? "/dev/null" : name)\n+++ \(name)\n\(hunks)")
  }

  /// The lines of a part, without those that only separate.
  private static func lines(of part: Range<Int>, in bytes: [UInt8]) -> [String] {
    if part.isEmpty { return [] }
    let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
    let isEnd = { (byte: UInt8) in byte == 0x0A || byte == 0x0D }
    var (start, end) = (part.lowerBound, part.upperBound)
    while start > 0, isBlank(bytes[start - 1]) { start -= 1 }
    let hasHead = start > 0 && !isEnd(bytes[start - 1])
    while end < bytes.count, isBlank(bytes[end]) || bytes[end] == UInt8(ascii: ",") { end += 1 }
    let hasTail = end < bytes.count && !isEnd(bytes[end]) && !isEnd(bytes[end - 1])
    let text = String(decoding: bytes[(hasHead ? part.lowerBound : start)..<part.upperBound], as: UTF8.self)
    var lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }.map(String.init)
    let separates = { (line: String) in line.allSatisfy { $0.isWhitespace || $0 == "," } }
    let (isFirstShown, isLastShown) = (!separates(lines[0]), !separates(lines[lines.count - 1]))
    if hasTail, isLastShown { lines[lines.count - 1] += "…" }
    if hasHead, isFirstShown { lines[0] = "…" + lines[0] }
    if !isLastShown { lines.removeLast() }
    if !isFirstShown, !lines.isEmpty { lines.removeFirst() }
    return lines
  }

  private static func hide(_ secrets: [String], in text: String) -> String {
    // However it is escaped.
    let text = text.replacing(/"(?:[^"\\\n]|\\.)*"/) { string in
      let value = (try? JSON(decoding: String(string.output)))?.stringValue
      return value.map { !$0.isEmpty && secrets.contains($0) } == true ? "\"…\"" : string.output
    }
    return secrets.filter { !$0.isEmpty }.reduce(text) { text, secret in
      let encoded = String(decoding: JSON.string(secret).encoded(), as: UTF8.self)
      return text.replacing(encoded, with: "\"…\"").replacing("'\(secret)'", with: "'…'")
    }
  }
}
