import Foundation
import MCP

/// Carries out changes of configuration files, and says what it does.
struct Change {
  let dryRun: Bool

  /// Shows the difference and makes it, keeping a copy.
  ///
  /// - Returns: whether there was anything to change.
  @discardableResult
  func make(_ file: ConfigurationFile) throws -> Bool {
    guard file.isChanged else {
      say("\(file.path): nothing to change.")
      return false
    }
    show(file)
    guard !dryRun else { return true }
    let copy = try file.write()
    say("Wrote \(file.path)\(copy.map { "; what it was is in \($0)" } ?? "").")
    return true
  }

  func show(_ file: ConfigurationFile) { print(file.difference.harmless, terminator: "") }

  func say(_ sentence: String) { print(sentence.harmlessLine) }

  /// Changes the servers of Claude Code: by its own command where there is one, since running sessions write the same file.
  func make(_ file: ConfigurationFile, by commands: [[String]]) throws {
    guard file.isChanged, !commands.isEmpty, let claude = ClaudeCommand() else {
      try make(file)
      return
    }
    show(file)
    if dryRun {
      for command in commands { say("Would run: \(ClaudeCommand.shown(command))") }
      return
    }
    let copy = try file.backUp()
    for command in commands {
      guard let failure = claude.run(command) else {
        say("Ran: \(ClaudeCommand.shown(command))")
        continue
      }
      say("\(ClaudeCommand.shown(command)) failed (\(failure)): the file is changed directly.")
      let written = try file.write()
      return say("Wrote \(file.path)\(written.map { "; what it was is in \($0)" } ?? "").")
    }
    if let copy { say("What \(file.path) was is in \(copy).") }
  }
}
