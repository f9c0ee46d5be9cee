import JSON

/// One argument of a prompt; all are strings.
public struct PromptArgument<Value: Sendable>: Sendable {
  let declaration: PromptArgumentDeclaration
  let decode: @Sendable (String?) -> Value?

  func value(in values: JSONObject, of prompt: String) throws(RPCError) -> Value {
    let name = declaration.name
    var text: String?
    if let given = values[name] {
      guard let string = given.stringValue else {
        throw .invalidParams("The argument `\(name)` of the prompt \(prompt) must be a string, not \(Sentence.describe(given)).")
      }
      text = string
    }
    guard let value = decode(text) else {
      throw .invalidParams("The argument `\(name)` of the prompt \(prompt) is missing: pass a string.")
    }
    return value
  }
}

struct PromptArgumentDeclaration: Sendable {
  let name: String
  let title: String?
  let description: String?
  let isRequired: Bool
  let complete: CompletionProvider?
}

extension PromptArgument where Value == String {
  public static func required(
    _ name: String, title: String? = nil, _ description: String? = nil, complete: CompletionProvider? = nil
  ) -> PromptArgument {
    PromptArgument(
      declaration: PromptArgumentDeclaration(name: name, title: title, description: description, isRequired: true, complete: complete),
      decode: { $0 })
  }
}

extension PromptArgument where Value == String? {
  public static func optional(
    _ name: String, title: String? = nil, _ description: String? = nil, complete: CompletionProvider? = nil
  ) -> PromptArgument {
    PromptArgument(
      declaration: PromptArgumentDeclaration(name: name, title: title, description: description, isRequired: false, complete: complete),
      decode: { .some($0) })
  }
}
