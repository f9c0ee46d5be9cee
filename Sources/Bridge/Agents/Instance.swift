@_exported import struct SystemSupport.ProcessIdentity

/// One running process of an agent, as the store knows it.
public struct Instance: Hashable, Sendable {
  /// `AGENT@HOST:PID-XXXXXXXX`, or `command` for the PID: unique, and readable where a claim names its holder.
  public let id: String
  public let agent: Identity
  public let host: String
  public let process: ProcessIdentity
  /// The MCP client that started the process, with its version, once known.
  public var client: String?

  public init(agent: Identity, process: ProcessIdentity = .current, host: String = ProcessIdentity.hostName, client: String? = nil) {
    self.init(agent, process, host, kind: "\(process.pid)")
    self.client = client
  }

  private init(_ agent: Identity, _ process: ProcessIdentity, _ host: String, kind: String) {
    self.id = "\(agent)@\(host):\(kind)-\(UniqueID.make().prefix(8))"
    self.agent = agent
    self.host = host
    self.process = process
  }

  /// A command that a person or a script runs, in place of a process that stays: what it takes is held until the claim expires, since nobody
  /// can know whether its process is needed still, and a later command may end it.
  public static func command(of agent: Identity, host: String = ProcessIdentity.hostName) -> Instance {
    let process = ProcessIdentity.current
    return Instance(agent, ProcessIdentity(scope: "", pid: process.pid, start: process.start), host, kind: "command")
  }

  /// Whether this and the holder of a claim are commands of one agent on one host.
  func isCommand(like holder: String) -> Bool {
    let beginning = "\(agent)@\(host):command-"
    return id.hasPrefix(beginning) && holder.hasPrefix(beginning)
  }
}
