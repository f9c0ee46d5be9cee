import ArgumentParser
import Bridge
import Foundation

/// What a shell offers for an argument: names and ids of the store that the line names. It is silent where that cannot be told at once.
enum Completions {
  static let agents = kind { store, line in try await store.agents(AgentQuery(own: line.identity, limit: Limits.agents)).agents.map(\.name)
  }

  /// Those of the agent, its open ones first.
  static let tasks = kind { store, line in
    var ids: [String] = []
    for role in TaskRole.allCases {
      ids += try await store.tasks(TaskQuery(agent: line.identity, role: role, limit: 50, instance: nil)).tasks.compactMap(\.id)
    }
    return ids
  }

  static let messages = kind { store, line in
    try await store.history(HistoryQuery(agent: line.identity, limit: 50)).messages.compactMap(\.id)
  }

  /// Whether this process completes a line. Then it must not take long.
  static var isAsked: Bool { CommandLine.arguments.dropFirst().first == "---completion" }

  private static func kind(_ find: @escaping @Sendable (any BridgeStore, CommandLineWords) async throws -> [String]) -> CompletionKind {
    .custom { words, _, _ in
      let found = try? await Deadline.within(.seconds(2)) {
        let line = try CommandLineWords(words)
        return try await line.location.withStore(absence: .failure, logger: .silent, closingWithin: .milliseconds(100)) { store in
          try await find(store, line)
        }
      }
      // Shells read some characters.
      return (found ?? []).filter { $0.wholeMatch(of: /[A-Za-z0-9._\-]+/) != nil }
    }
  }
}

/// The settings in a line that is not complete.
private struct CommandLineWords {
  let identity: Identity
  let location: StoreLocation

  init(_ words: [String]) throws {
    func value<Read>(_ setting: Setting<Read>) -> String? {
      for (word, next) in zip(words, words.dropFirst() + [""]) {
        if word == setting.option, !next.isEmpty { return next }
        if word.hasPrefix(setting.option + "=") { return String(word.dropFirst(setting.option.count + 1)) }
      }
      return nil
    }
    identity = try Settings.identity.value(value(Settings.identity))
    location = try StoreLocation(
      url: Settings.store.given(value(Settings.store)), workspace: Settings.workspace.given(value(Settings.workspace)))
  }
}
