import ArgumentParser
import Bridge
import Logging

/// A word in the place of a command that is nearly one.
struct MistypedCommand {
  let written: String
  /// With the commands before it.
  let meant: String

  /// What other programs call it.
  private static let others = [
    "help": "--help", "version": "--version", "list": "tasks", "message": "send", "messages": "read", "inbox": "read", "log": "history",
    "task": "tasks",
  ]

  /// Nil where the arguments begin with commands, or with a word that is unlike any.
  static func find(in arguments: [String]) -> MistypedCommand? {
    var commands = CoworkCodeMCPServer.configuration.subcommands
    var before = ""
    for word in arguments {
      if let next = commands.first(where: { $0._commandName == word }) {
        commands = next.configuration.subcommands
        before += word + " "
        continue
      }
      let word = word.lowercased()
      let others = before.isEmpty ? Self.others : [:]
      let known = commands.map { $0._commandName } + others.keys.sorted()
      let nearest = NearestName.of(word, among: known, within: word.count < 5 ? 1 : 2).map { others[$0] ?? $0 }
      return nearest.map { MistypedCommand(written: before + word, meant: before + $0) }
    }
    return nil
  }

  private var sentence: String { "There is no command \(written): did you mean \(meant)?" }
  var error: ValidationError { ValidationError(sentence) }

  /// Refuses to serve an agent whose name was probably meant as a command, unless there is such an agent. If the store cannot be asked, there
  /// may be one.
  static func refuse(_ identity: Identity, at location: StoreLocation, _ logger: Logger) async throws {
    guard let mistyped = find(in: [identity.name]), !Identity.wellKnown.contains(identity) else { return }
    let exists = try? await Deadline.within(.seconds(5)) {
      try await location.withStore(logger: logger) { store in
        guard try await store.exists() else { return false }
        return try await store.agents().contains { $0.name == identity.name }
      }
    }
    if exists == false {
      throw ValidationError("\(mistyped.sentence) To serve a new agent of this name, use serve \(identity).")
    }
  }
}
