import ArgumentParser
import Bridge
import BridgeWeb
import Foundation
import Logging
import SQLiteStore
import SystemSupport

struct Web: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "web",
    abstract: "The bridge in a browser: who talks to whom, as it happens, and a word of your own.",
    discussion: """
      Serves a page on 127.0.0.1 and prints its address. Whoever has the address can use the page; the key in it is kept in \
      ~/.cowork-code-mcp/web, so that tabs and bookmarks go on working when the command is started again. The page acts for the agent \
      user, to whom other agents can write, or only looks, with --read-only.

      GET /metrics gives figures for Prometheus, with the key as bearer token. Ends with status 0 on Ctrl-C.

      Examples:
        cowork-code-mcp-server web
        cowork-code-mcp-server web --open --as reviewer
        cowork-code-mcp-server web --read-only --port 0 --workspace shop
      """)

  @Option(
    parsing: .unconditional, help: ArgumentHelp("The port on 127.0.0.1; 0 for any that is free. (default: 4747)", valueName: "number"),
    transform: number(in: 0...65_535))
  var port = 4747

  @Flag(help: "Open the page in the browser.")
  var open = false

  @Option(
    name: .customLong("as"), help: ArgumentHelp("The agent that the page acts for. (default: user)", valueName: "name"),
    completion: Completions.agents, transform: agentName)
  var acting: Identity?

  @Flag(help: "Only look: nothing can be written or marked as read.")
  var readOnly = false

  @OptionGroup var store: StoreOptions
  @OptionGroup var colour: ColourOption

  func validate() throws {
    if readOnly, acting != nil { throw ValidationError("--as and --read-only exclude each other: leave one of them out.") }
  }

  func run() async throws {
    let end = Once<Void>()
    try Signals.handle { _ in
      Deadline.endProcess(after: .milliseconds(200))
      end.set(())
    }
    let location = try store.location()
    let workspace = try Settings.workspace.given(store.workspace)
    let logger = try store.logger()
    let identity = readOnly ? nil : acting ?? .user
    let secrets = try Secrets.kept(for: port, in: FileSystem.split(StorePath.standard()).folder + "/web")
    try await location.withStore(absence: readOnly ? .failure : .made, logger: logger) { store in
      let service = identity.map { BridgeService(store: store, instance: Instance(agent: $0, client: "web"), logger: logger) }
      // What is wrong with the store is said here, and not by the page.
      if let service { try await service.addAgent() } else { _ = try await store.overview() }
      let settings = WebSettings(
        identity: identity, store: location.description, workspace: workspace?.name, version: Version.text)
      let server = try await started(secrets, settings, store, service, logger)
      let presence = Task { await service?.run(makesStore: false) }
      let address = "http://127.0.0.1:\(server.port)/?key=\(secrets.key)"
      try await StandardStreams.write(address + "\n")
      if FileDescriptor.standardOutput.isTerminal {
        StandardStreams.writeError("This is the page of \(location.description.harmlessLine); Ctrl-C ends it.\n")
      }
      let opening = open ? try? Browser.open(address) : nil
      if open, opening == nil { StandardStreams.writeError("No browser could be opened: open the address yourself.\n") }
      await end.wait()
      opening?.end()
      presence.cancel()
      async let stopped: Void = server.stop()
      await presence.value
      if (try? await store.exists()) == true { await service?.signOff() }
      await stopped
    }
  }

  private func started(
    _ secrets: Secrets, _ settings: WebSettings, _ store: any BridgeStore, _ service: BridgeService?, _ logger: Logger
  ) async throws -> WebServer {
    do {
      return try await WebServer.start(port: port, secrets: secrets, settings: settings, store: store, service: service, logger: logger)
    } catch let code as Errno {
      throw CommandFailure(
        code == .addressInUse
          ? "Port \(port) of 127.0.0.1 is in use: end what uses it, or choose another one with --port."
          : "Port \(port) of 127.0.0.1 cannot be had (\(code)): choose another one with --port.")
    }
  }
}

/// Opens an address in the user's browser. Other users see the arguments of a process, so they name a file of this user, which goes on to the
/// address and is removed after a while.
private struct Browser {
  private static let patience = Duration.seconds(30)
  private let file: String
  private let removal: Task<Void, Never>

  static func open(_ address: String) throws -> Browser {
    let folder = try FileSystem.makeTemporaryFolder(in: FileManager.default.temporaryDirectory.path, "cowork-web")
    let file = folder + "/open.html"
    let page = "<!doctype html><meta http-equiv=\"refresh\" content=\"0;url=\(address)\"><title>The bridge</title>\n"
    do {
      try NewFile.write(Array(page.utf8), to: file, replacing: false)
      #if canImport(Darwin)
        let opener = "open"
      #else
        let opener = "xdg-open"
      #endif
      let child = try ChildProcess([opener, file], environment: ProcessInfo.processInfo.environment, errors: .null, ownGroup: true)
      Task { _ = await child.exit() }
    } catch {
      remove(file)
      throw error
    }
    return Browser(file: file, removal: Task { if (try? await Task.pause(for: patience)) != nil { remove(file) } })
  }

  func end() {
    removal.cancel()
    Self.remove(file)
  }

  private static func remove(_ file: String) { try? FileManager.default.removeItem(atPath: FileSystem.split(file).folder) }
}
