import Bridge
import MCP

/// The parameters that several tools share.
enum Parameters {
  static let to = Parameter.string("to", aliases: ["recipient"], "The other agent's name.")
    .mapping { (name: String) throws(Complaint) in
      do { return try Identity(name) } catch {
        throw Complaint("must be an agent's name of 1 to 63 of a-z, 0-9, '.', '_' and '-', not \(quote(name))")
      }
    }

  /// The beginning of a text on one line, for an error.
  private static func quote(_ text: String) -> String {
    let start = text.unicodeScalars.prefix(64).map { $0.properties.generalCategory == .control ? " " : String($0) }.joined()
    return "\"\(start)\(text.unicodeScalars.count > 64 ? "…" : "")\""
  }

  static let idempotencyKey = id("idempotency_key", "Makes a repeat harmless.")

  /// The limit in bytes is checked but not declared, because JSON Schema counts characters.
  static func text(_ name: String, _ description: String, allowsEmpty: Bool = true) -> Parameter<String> {
    .string(name, description, allowsNUL: false) { complaint($0, bytes: (allowsEmpty ? 0 : 1)...Limits.textBytes) }
  }

  static func id(_ name: String, _ description: String) -> Parameter<String> {
    .string(name, description, allowsNUL: false) { complaint($0, bytes: 1...Limits.keyBytes) }
  }

  private static func complaint(_ text: String, bytes: ClosedRange<Int>) -> String? {
    if text.isEmpty, bytes.lowerBound > 0 { return "must not be empty" }
    if text.utf8.count <= bytes.upperBound { return nil }
    return "has \(text.utf8.count) bytes of UTF-8, and \(bytes.upperBound) is the limit: make it shorter"
  }

  static func limit(_ standard: Int) -> Parameter<Int> {
    .integer("limit", "The most.", in: Limits.pageSize).defaulting(to: standard)
  }
}
