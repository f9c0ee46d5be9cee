import ArgumentParser
import Bridge

/// What every command takes that works on the store.
struct SharedOptions: ParsableArguments {
  @OptionGroup var acting: IdentityOption
  @OptionGroup var store: StoreOptions

  @Flag(help: "Print one line of JSON, the same that the MCP tool returns as structuredContent.")
  var json = false
}

/// A command that does by hand what a tool does.
protocol BridgeCommand: AsyncParsableCommand {
  var options: SharedOptions { get }
  func run(in session: CommandSession) async throws
}

extension BridgeCommand {
  func run() async throws {
    try await CommandFailure.reported {
      let session = try CommandSession(options)
      do {
        try await run(in: session)
      } catch {
        await session.service.close()
        throw error
      }
      await session.service.close()
    }
  }
}

/// The exit statuses beside 0 and ArgumentParser's 64.
extension ExitCode {
  /// `wait` came to its time-out.
  static let nothingThere = ExitCode(3)
}
