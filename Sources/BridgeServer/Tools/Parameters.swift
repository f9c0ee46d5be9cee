import Bridge
import MCP

/// The parameters that several tools share. They decide on types; the rules for names and texts are Bridge's.
enum Parameters {
  static let to = Parameter.string("to", aliases: ["recipient"], "The other agent's name.")
    .mapping(to: "an agent's name of \(NameRule.form)") { try? Identity($0) }

  static let idempotencyKey = Parameter.string("idempotency_key", "Makes a repeat harmless.").optional()

  static func limit(_ standard: Int) -> Parameter<Int> {
    .integer("limit", "The most.", in: Limits.pageSize, default: standard)
  }
}
