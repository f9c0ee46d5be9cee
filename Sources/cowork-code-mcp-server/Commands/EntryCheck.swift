import ArgumentParser
import Bridge
import ClientSetup
import Foundation
import SystemSupport

extension ServerEntry {
  /// The agent that the entry serves, as far as it can be told.
  var identity: String {
    (try? served()) ?? positional ?? environment[Settings.identity.variable] ?? Settings.identity.standard ?? ""
  }

  /// Why the entry starts no server, in one line without secrets; nil where it starts one.
  var problem: String? {
    do {
      _ = try served()
      return nil
    } catch {
      let sentence = Self.sentence(for: error, arguments)
      // libpq reads the variables of this process alone.
      let isJudged = !sentence.contains("libpq refuses") || !environment.keys.contains { $0.hasPrefix("PG") }
      return isJudged ? sentence : nil
    }
  }

  /// What is wrong with a line of arguments of this program.
  static func sentence(for error: any Error, _ arguments: [String]) -> String {
    if CoworkCodeMCPServer.exitCode(for: error) == .success { return "Its arguments only print something." }
    // The message may quote an argument, or the value in it.
    let quoted = arguments.flatMap { [$0] + $0.split(separator: "=", maxSplits: 1).dropFirst().map(String.init) }
    let secrets = quoted.filter { isSecret("", $0) }
    let line = secrets.reduce(CoworkCodeMCPServer.message(for: error)) { $0.replacing($1, with: "…") }.harmlessLine
    return line.hasSuffix(".") ? line : line + "."
  }

  /// What this program makes of the entry, without starting anything. Of this process's variables the settings do not count.
  ///
  /// - Returns: the agent's name.
  private func served() throws -> String {
    let others = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("COWORK_") }
    return try Environment.$replaced.withValue(others.merging(environment) { $1 }) {
      let command = try CoworkCodeMCPServer.parseAsRoot(arguments)
      guard let serve = command as? Serve else {
        throw CommandFailure("Its arguments are those of the command \(type(of: command)._commandName), which is no server.")
      }
      try serve.refuseCommand(in: arguments)
      return try serve.agent().name
    }
  }
}
