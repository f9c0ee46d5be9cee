/// What instances of an agent belong together: those that one client process has started. A reply goes to the session that asked.
public struct Session: Hashable, Sendable {
  /// Ten hexadecimal digits. The ids of what the session sends and creates end with it and two digits for the instance.
  public let stamp: String
  /// For people: `HOST:PID` of the client, or what the user named it.
  public let name: String
  /// Nil where no process stands for the session: then it lives as long as heartbeats come.
  public let process: ProcessIdentity?

  /// The session of a client process.
  public init(client: ProcessIdentity, host: String = ProcessIdentity.hostName) {
    self.init("process \(client.encoded)", name: "\(host):\(client.pid)", process: client)
  }

  /// A session that the user has named.
  public init(named name: String) { self.init("name \(name)", name: name, process: nil) }

  /// The session of an instance that has no client process.
  init(of instance: String, process: ProcessIdentity, host: String) {
    self.init("instance \(instance)", name: "\(host):\(process.pid)", process: process)
  }

  private init(_ identity: String, name: String, process: ProcessIdentity?) {
    (stamp, self.name, self.process) = (Stamp.digits(10, of: identity), name, process)
  }
}

/// The end of an id, which tells who made it: ten hexadecimal digits for the session and two for the instance.
public enum Stamp {
  /// The length of a session's part, and of the whole.
  public static let (session, length) = (10, 12)

  static func digits(_ count: Int, of text: String) -> String {
    var digest = ArchiveDigest()
    digest.add(text)
    return String(digest.description.suffix(count))
  }

  /// The session's part of the end of an id.
  public static func session(of id: String) -> String { String(id.suffix(length).prefix(session)) }
}

/// A session as the store knows it.
public struct SessionSummary: Hashable, Sendable {
  public var agent: String
  public var stamp: String
  public var name: String
  /// The MCP client, with its version.
  public var client: String?
  /// The encoded identity of the client process; empty if there is none.
  public var process: String
  /// Its heartbeat is recent, and it has not signed off.
  public var isRecent: Bool
  /// It has signed off.
  public var hasEnded: Bool

  public init(agent: String, stamp: String, name: String, client: String?, process: String, isRecent: Bool, hasEnded: Bool) {
    (self.agent, self.stamp, self.name, self.client) = (agent, stamp, name, client)
    (self.process, self.isRecent, self.hasEnded) = (process, isRecent, hasEnded)
  }

  /// Whether the session's process is known to run, or to have ended; nil where nobody on this host can know.
  public var isRunning: Bool? {
    guard let process = ProcessIdentity(encoded: process), process.isVisible else { return nil }
    return !process.isKnownDead
  }

  /// A session has ended when it signed off, when its process is known dead, or elsewhere when its heartbeats stopped.
  public var isAlive: Bool { !hasEnded && (isRunning ?? isRecent) }
}

/// Who looks into an inbox: what is kept for other sessions of the agent is left out.
public struct Viewer: Hashable, Sendable {
  public var agent: Identity
  /// The instance's end of ids; empty outside of any session.
  public var stamp: String
  /// Sees also what is kept for other sessions.
  public var seesAll: Bool

  public init(agent: Identity, stamp: String = "", seesAll: Bool = false) {
    (self.agent, self.stamp, self.seesAll) = (agent, stamp, seesAll)
  }

  public init(_ instance: Instance, seesAll: Bool = false) {
    self.init(agent: instance.agent, stamp: instance.stamp, seesAll: seesAll)
  }

  /// The session and the instance that made an id.
  public init(agent: Identity, idsLike id: String) { self.init(agent: agent, stamp: String(id.suffix(Stamp.length))) }

  public var session: String { String(stamp.prefix(Stamp.session)) }
  public var instance: String { String(stamp.dropFirst(Stamp.session)) }
}

/// How often a message may be taken without being confirmed.
public enum ExpiredLeases {
  /// A message whose leases expired so often comes alone.
  public static let alone = 3
  /// And so often, it is set aside: it stays unread, and is delivered no more.
  public static let setAside = 5
}
