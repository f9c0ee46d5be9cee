import ArgumentParser
import Bridge
import BridgeServer
import Foundation
import Logging
import MCP
import SystemSupport

struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "The MCP server of one agent, on standard input and output (the default).",
    discussion: """
      Examples:
        cowork-code-mcp-server code
        cowork-code-mcp-server serve reviewer --workspace shop

      An identity that is spelled like a command needs `serve` before it.
      """)

  @Argument(help: Settings.identity.help("The agent's name.", valueName: "identity"))
  var identity: String?

  @Option(Settings.session) var session: String?

  @OptionGroup var store: StoreOptions
  @OptionGroup var wake: WakeOptions

  @Option(
    name: .customLong("protocol"),
    help: ArgumentHelp(
      "Which eras of MCP are offered: auto, handshake (up to 2025-11-25) or per-request (2026-07-28). With auto, the client claude-code gets the handshake.",
      valueName: "era"))
  var protocolPolicy: ProtocolPolicy = .auto

  func validate() throws {
    _ = try agent()
    _ = try Settings.session.given(session)
  }

  func agent() throws -> Identity { try Settings.identity.value(identity) }

  /// `--database-url x read` looks like the command `read`, and would be a server whose agent is called that.
  func refuseCommand(in arguments: [String]) throws {
    let commands = CoworkCodeMCPServer.configuration.subcommands.map { $0._commandName }
    guard let identity, Self.isDefault(in: arguments), commands.contains(identity) else { return }
    throw ValidationError("Put the options after the command \(identity); to serve an agent of this name, use serve \(identity).")
  }

  private static func isDefault(in arguments: [String]) -> Bool { !arguments.contains(_commandName) }

  func run() async throws {
    let isWritten = identity != nil
    let identity = try agent()
    let location = try store.location()
    let logger = try store.logger()
    if isWritten, Self.isDefault(in: CoworkCodeMCPServer.arguments) { try await MistypedCommand.refuse(identity, at: location, logger) }
    let wake = try wake.settings(agent: identity.name)
    if FileDescriptor.standardInput.isTerminal { StandardStreams.writeError(Self.greeting) }
    // While standard input is the client's.
    let client = ProcessIdentity.client
    let session = try Settings.session.given(session).map { Session(named: $0) } ?? client.map { Session(client: $0) }
    // Before anything can print: from here on standard output belongs to the protocol.
    let transport = try DescriptorTransport.standardStreams()
    try await location.withService(as: Instance(agent: identity, session: session), logger: logger) { service in
      let server = BridgeServer(service: service, version: Version.text, policy: protocolPolicy, wake: wake, logger: logger)
      try Signals.handle { _ in
        Self.end(within: .milliseconds(250))
        Task { await server.server.shutdown() }
      }
      let presence = Task { await service.run() }
      // Another process may hold our input open after its death.
      try client?.whenEnded { Task { await server.server.shutdown() } }
      transport.whenOutputBreaks { Task { await server.server.outputBroke() } }
      // A client that has closed its ends may be ending: then its session ends as well.
      let patience: Duration = await server.run(on: transport) == .shutdown ? .zero : .milliseconds(500)
      Self.end(within: patience + .milliseconds(250))
      presence.cancel()
      await presence.value
      await service.signOff(within: patience)
    }
  }

  private static let greeting =
    "This is an MCP server, which waits for its client on standard input: Control-C ends it, and `cowork-code-mcp-server install` adds it to a client.\n"

  /// The process ends within 300 ms at a signal, and within a second once its client has closed the input and got all answers.
  private static func end(within limit: Duration) { Deadline.endProcess(after: limit) }
}

extension ProtocolPolicy: ExpressibleByArgument {
  public init?(argument: String) { self.init(name: argument) }
}
