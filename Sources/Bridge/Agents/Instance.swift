@_exported import struct SystemSupport.ProcessIdentity

/// One running process of an agent, as the store knows it.
public struct Instance: Hashable, Sendable {
  /// `AGENT@HOST:PID-XXXXXXXX`: unique, and readable where a claim names its holder.
  public let id: String
  public let agent: Identity
  public let host: String
  public let process: ProcessIdentity
  /// The MCP client that started the process, with its version, once known.
  public var client: String?

  public init(agent: Identity, process: ProcessIdentity = .current, host: String = ProcessIdentity.hostName, client: String? = nil) {
    self.id = "\(agent)@\(host):\(process.pid)-\(UniqueID.make().prefix(8))"
    self.agent = agent
    self.host = host
    self.process = process
    self.client = client
  }
}
