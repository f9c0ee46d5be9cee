import ArgumentParser
import Bridge
import Logging

/// A word in the place of a command that is nearly one.
struct MistypedCommand {
  let written: String
  /// With the commands before it.
  let meant: String

  /// Nil where the arguments begin with commands, or with a word that is unlike any.
  init?(_ arguments: some Sequence<String>) {
    var (parent, before): (any ParsableCommand.Type, String) = (CoworkCodeMCPServer.self, "")
    for word in arguments {
      let commands = parent.configuration.subcommands
      if let next = commands.first(where: { $0._commandName == word }) {
        (parent, before) = (next, before + word + " ")
      } else if let name = NearestName.of(word, among: commands.map(\._commandName), within: word.count < 5 ? 1 : 2) {
        (written, meant) = (before + word, before + name)
        return
      } else {
        return nil
      }
    }
    return nil
  }

  private var sentence: String { "There is no command \(written): did you mean \(meant)?" }
  var error: ValidationError { ValidationError(sentence) }

  /// Refuses to serve an agent whose name was probably meant as a command, unless there is such an agent. If the store cannot be asked, there
  /// may be one.
  static func refuse(_ identity: Identity, at location: StoreLocation, _ logger: Logger) async throws {
    guard let mistyped = MistypedCommand([identity.name]), !Identity.wellKnown.contains(identity) else { return }
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
