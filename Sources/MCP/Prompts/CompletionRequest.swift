import JSON

/// Proposes values that complete a beginning. Gets that beginning, and the other arguments that are known already
/// (server/utilities/completion). At most 100 are sent.
public typealias CompletionProvider = @Sendable (_ beginning: String, _ arguments: [String: String]) async throws -> [String]

/// What `completion/complete` asks (server/utilities/completion).
struct CompletionRequest: Sendable {
  let value: String
  /// Arguments that are known already, from `context`.
  let arguments: [String: String]
  /// Who proposes values; `nil` where there is nothing to propose for the argument.
  let provider: CompletionProvider?

  init(_ params: JSONObject, _ definition: ServerDefinition) throws(RPCError) {
    guard let argument = params["argument"]?["name"]?.stringValue, let value = params["argument"]?["value"]?.stringValue else {
      throw .invalidParams("completion/complete needs an `argument` with a string `name` and a string `value`.")
    }
    self.value = value
    let known = params["context"]?["arguments"]?.objectValue?.members ?? []
    arguments = Dictionary(known.compactMap { key, value in value.stringValue.map { (key, $0) } }, uniquingKeysWith: { $1 })
    switch params["ref"]?["type"] {
    case "ref/prompt":
      guard let name = params["ref"]?["name"]?.stringValue else { throw .invalidParams("A ref/prompt needs a string `name`.") }
      let prompt = try definition.prompt(name)
      guard let declaration = prompt.arguments.first(where: { $0.name == argument }) else {
        throw .invalidParams("The prompt \(name) has no argument \(Sentence.quote(argument)): prompts/list names them.")
      }
      provider = declaration.complete
    case "ref/resource":
      guard let uri = params["ref"]?["uri"]?.stringValue else { throw .invalidParams("A ref/resource needs a string `uri`.") }
      guard let template = definition.resources.first(where: { $0.uri == uri }), let variable = template.pattern?.variable else {
        throw .invalidParams("There is no resource template \(Sentence.quote(uri)): resources/templates/list names them.")
      }
      if variable != argument { throw .invalidParams("The template \(uri) has no variable \(Sentence.quote(argument)).") }
      provider = template.complete
    default:
      throw .invalidParams("completion/complete needs a `ref` of type ref/prompt or ref/resource.")
    }
  }
}

extension ServerDefinition {
  func prompt(_ name: String) throws(RPCError) -> Prompt {
    if let prompt = prompts.first(where: { $0.name == name }) { return prompt }
    throw .invalidParams("There is no prompt \(Sentence.quote(name)): prompts/list names them.")
  }
}
