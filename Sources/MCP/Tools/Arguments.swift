import JSON

/// The arguments of one call of a tool or a prompt, while they are decoded parameter by parameter. Every error is a sentence that names the argument.
struct Arguments: Sendable {
  let owner: String
  let values: JSONObject

  func value<Value>(of parameter: Parameter<Value>) throws(ToolFailure) -> Value {
    let declaration = parameter.declaration
    // Clients fill in what is optional.
    let given = declaration.names.compactMap { name in values[name].map { (name: name, value: $0) } }
      .filter { $0.value != .null && (declaration.isRequired || $0.value != "") }
    guard let first = given.first else {
      guard let absent = parameter.absent else {
        throw ToolFailure("The argument `\(declaration.name)` of \(owner) is missing: pass \(parameter.expectation).")
      }
      return absent()
    }
    if let other = given.first(where: { $0.value != first.value }) {
      throw ToolFailure(
        "The arguments `\(first.name)` and `\(other.name)` of \(owner) mean the same, and they differ: pass only `\(declaration.name)`.")
    }
    if case .brokenString = first.value {
      throw ToolFailure(
        "The argument `\(first.name)` of \(owner) contains half of a surrogate pair (such as \\ud83d), which is not text: remove it.")
    }
    guard let value = parameter.decode(first.value) else {
      throw ToolFailure(
        "The argument `\(first.name)` of \(owner) must be \(parameter.expectation), not \(Sentence.describe(first.value)).")
    }
    return value
  }

  /// Refuses undeclared arguments.
  func refuseUnknown(besides declarations: [Declaration]) throws(ToolFailure) {
    let known = Set(declarations.flatMap(\.names))
    guard let unknown = values.keys.first(where: { !known.contains($0) }) else { return }
    let advice = declarations.isEmpty ? "it takes none" : "it takes \(Sentence.list(declarations.map(\.name), "and"))"
    throw ToolFailure("The argument \(Sentence.quote(unknown)) is unknown to \(owner): \(advice).")
  }
}
