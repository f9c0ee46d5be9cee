@_exported import struct SystemSupport.ProcessIdentity

/// One running process of an agent, as the store knows it.
public struct Instance: Hashable, Sendable {
  /// `AGENT@HOST:PID-XXXXXXXX`, or `command` for the PID: unique, and readable where a claim names its holder.
  public let id: String
  public let agent: Identity
  public let host: String
  public let process: ProcessIdentity
  /// Nil for a command outside of any session.
  public let session: Session?
  /// A command, and no server.
  let isCommand: Bool
  /// The MCP client that started the process, with its version, once known.
  public var client: String?

  /// - Parameter session: nil where the instance is a session of its own.
  public init(
    agent: Identity, process: ProcessIdentity = .current, host: String = ProcessIdentity.hostName, client: String? = nil,
    session: Session? = nil
  ) {
    id = Self.id(agent, host, kind: "\(process.pid)")
    (self.agent, self.host, self.process, self.client, isCommand) = (agent, host, process, client, false)
    self.session = session ?? Session(of: id, process: process, host: host)
  }

  private init(commandOf agent: Identity, host: String, session: Session?) {
    id = Self.id(agent, host, kind: "command")
    (self.agent, self.host, self.session, process, isCommand) = (agent, host, session, .current, true)
  }

  private static func id(_ agent: Identity, _ host: String, kind: String) -> String {
    "\(agent)@\(host):\(kind)-\(UniqueID.make().prefix(8))"
  }

  /// A command that a person or a script runs, in place of a process that stays: it acts for a session, or for none. What it takes outside of a
  /// session has no living holder.
  public static func command(of agent: Identity, host: String = ProcessIdentity.hostName, session: Session? = nil) -> Instance {
    Instance(commandOf: agent, host: host, session: session)
  }

  /// What the ids end with that the instance makes; empty outside of any session.
  public var stamp: String { session.map { $0.stamp + Stamp.digits(2, of: id) } ?? "" }

  /// How long a claim of the instance lasts without a heartbeat; outside of a session it has no holder that lives.
  public func claim(_ timing: StoreTiming) -> Duration { session == nil ? .seconds(-1) : timing.claim }

  /// The process whose end frees what the instance has claimed: that of its session, if there is one. Nobody can know whether what a command
  /// has claimed is needed still once the command has ended.
  public var claimingProcess: ProcessIdentity {
    session?.process ?? (isCommand ? ProcessIdentity(scope: "", pid: process.pid, start: process.start) : process)
  }

  /// Whether this and the holder of a claim are commands of one agent on one host.
  func isCommand(like holder: String) -> Bool {
    let beginning = "\(agent)@\(host):command-"
    return id.hasPrefix(beginning) && holder.hasPrefix(beginning)
  }
}
