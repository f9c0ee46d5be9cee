import ArgumentParser
import Bridge
import ClientSetup
import Foundation
import JSON
import SystemSupport

/// The entry is not asynchronous, because the runtime's own descriptors would take the numbers of standard streams that are closed.
@main
enum Program {
  static func main() {
    SystemThread.shareHeap()
    StandardStreams.prepare()
    TaskThreads.runAllTasks()
    // The first process of a container gets no signal that it does not handle.
    if getpid() == 1 { try? Signals.handle { _exit(128 + $0) } }
    if Completions.isAsked { Deadline.endProcess(after: .milliseconds(2_500)) }
    // Not for the main actor, whose queue nobody serves.
    Task.detached {
      do {
        do { try await run() } catch  where CoworkCodeMCPServer.exitCode(for: error) == .success {
          // Help and the like, whose loss on a full disk must be told.
          let text = CoworkCodeMCPServer.fullMessage(for: error)
          if !text.isEmpty { try await StandardStreams.write(text + "\n") }
        }
      } catch let error where isJSONWished && !(error is OutputError) {
        let sentence = (error as? BridgeError)?.message ?? CoworkCodeMCPServer.message(for: error)
        let json = JSON.object(["error": .string(sentence)]).encoded()
        try? await StandardStreams.write(String(decoding: json, as: UTF8.self) + "\n")
        CoworkCodeMCPServer.exit(withError: ExitCode(CoworkCodeMCPServer.exitCode(for: error).rawValue))
      } catch let error as BridgeError {
        fail(error.message)
      } catch let error as OutputError {
        // Whoever reads has had enough, as `head`.
        if error.code == .brokenPipe { CoworkCodeMCPServer.exit(withError: ExitCode.failure) }
        fail("\(error).")
      } catch let error where error is CommandFailure || error is SetupError {
        fail("\(error)")
      } catch { CoworkCodeMCPServer.exit(withError: error) }
      CoworkCodeMCPServer.exit()
    }
    // Not `dispatchMain`, which ends this thread and loads a library for that.
    while true { pause() }
  }

  private static func run() async throws {
    try requireText()
    var command: any ParsableCommand
    do {
      command = try await CoworkCodeMCPServer.asyncParseAsRoot()
      try (command as? Serve)?.refuseCommand(in: CoworkCodeMCPServer.arguments)
    } catch {
      let isUsage = CoworkCodeMCPServer.exitCode(for: error) == .validationFailure
      throw isUsage ? MistypedCommand.find(in: CoworkCodeMCPServer.arguments)?.error ?? error : error
    }
    guard var command = command as? any AsyncParsableCommand else { return try command.run() }
    try await command.run()
  }

  /// What Swift makes of other bytes is another text, and may be the same for two that differ.
  private static func requireText() throws {
    for place in (0..<Int(CommandLine.argc)).dropFirst() {
      guard let bytes = CommandLine.unsafeArgv[place], String(validatingCString: bytes) == nil else { continue }
      throw ValidationError("Argument \(place) is not UTF-8 text: write it in UTF-8.")
    }
  }

  /// Whether a command that changes a client's configuration is to say everything in JSON, even what is wrong with its options.
  private static var isJSONWished: Bool {
    let words = CoworkCodeMCPServer.arguments
    return ["install", "uninstall"].contains(words.first) && words.contains("--json")
  }

  private static func fail(_ sentence: String) -> Never {
    StandardStreams.writeError(sentence.harmless + "\n")
    CoworkCodeMCPServer.exit(withError: ExitCode.failure)
  }
}

/// Why a command failed, in one sentence for a person.
struct CommandFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// The file of this program, whatever name and folder it was started with.
enum ThisProgram {
  static var path: String? { Bundle.main.executablePath }
  static let missing = CommandFailure("The file of this program cannot be found: start it by its path, which must be UTF-8.")

  /// - Throws: `CommandFailure` where it cannot be told.
  static func found() throws -> String {
    guard let path else { throw missing }
    return path
  }
}

enum Version {
  static let text = "1.0.0"
}

struct CoworkCodeMCPServer: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cowork-code-mcp-server",
    abstract: "A bridge between AI agents: messages and tasks, over MCP.",
    discussion: """
      Started by an MCP client, it is the client's server on standard input and output. The other commands do by hand what the tools do.

      Examples:
        cowork-code-mcp-server cowork              the MCP server of the agent cowork
        cowork-code-mcp-server send cowork Hello   a message from code to cowork
        cowork-code-mcp-server read --as cowork    what cowork has not read
        cowork-code-mcp-server watch               everything as it happens
        cowork-code-mcp-server web --open          the same in a browser, with a word in it
        cowork-code-mcp-server doctor              whether all is well, and what to do
        cowork-code-mcp-server demo                two real servers meet
      """,
    version: Version.text,
    subcommands: [
      Serve.self, Send.self, Read.self, Tasks.self, History.self, Agents.self, Wait.self, Watch.self, Web.self, Status.self,
      Statusline.self, Doctor.self, Hook.self, Install.self, Uninstall.self, Demo.self, Migrate.self, Copy.self, Export.self,
      Import.self, Prune.self,
    ], defaultSubcommand: Serve.self)

  /// Those of this process.
  static var arguments: [String] { Array(CommandLine.arguments.dropFirst()) }
}
