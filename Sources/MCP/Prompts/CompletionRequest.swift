import JSON

/// What `completion/complete` asks (server/utilities/completion).
struct CompletionRequest: Hashable, Sendable {
  private enum Reference: Hashable {
    case prompt(String)
    case template(String)
  }

  private let reference: Reference
  private let argument: String
  let value: String
  /// Arguments that are known already, from `context`.
  let arguments: [String: String]

  init(_ params: JSONObject) throws(RPCError) {
    switch params["ref"]?["type"] {
    case "ref/prompt":
      guard let name = params["ref"]?["name"]?.stringValue else { throw .invalidParams("A ref/prompt needs a string `name`.") }
      reference = .prompt(name)
    case "ref/resource":
      guard let uri = params["ref"]?["uri"]?.stringValue else { throw .invalidParams("A ref/resource needs a string `uri`.") }
      reference = .template(uri)
    default:
      throw .invalidParams("completion/complete needs a `ref` of type ref/prompt or ref/resource.")
    }
    guard let name = params["argument"]?["name"]?.stringValue, let value = params["argument"]?["value"]?.stringValue else {
      throw .invalidParams("completion/complete needs an `argument` with a string `name` and a string `value`.")
    }
    argument = name
    self.value = value
    var arguments: [String: String] = [:]
    for (key, value) in params["context"]?["arguments"]?.objectValue?.members ?? [] {
      arguments[key] = value.stringValue
    }
    self.arguments = arguments
  }

  /// Who proposes values; `nil` where there is nothing to propose for the argument.
  func provider(in definition: ServerDefinition) throws(RPCError) -> CompletionProvider? {
    switch reference {
    case .prompt(let name):
      guard let prompt = definition.prompts.first(where: { $0.name == name }) else {
        throw .invalidParams("There is no prompt \(Sentence.quote(name)): prompts/list names them.")
      }
      guard let declaration = prompt.arguments.first(where: { $0.name == argument }) else {
        throw .invalidParams("The prompt \(name) has no argument \(Sentence.quote(argument)): prompts/list names them.")
      }
      return declaration.complete
    case .template(let uri):
      guard let template = definition.resourceTemplates.first(where: { $0.uriTemplate == uri }) else {
        throw .invalidParams("There is no resource template \(Sentence.quote(uri)): resources/templates/list names them.")
      }
      guard template.pattern.variable == argument else {
        throw .invalidParams("The template \(uri) has no variable \(Sentence.quote(argument)).")
      }
      return template.complete
    }
  }
}
