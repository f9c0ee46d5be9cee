/// Hints on what a tool does, for clients that ask before calls (server/tools, Tool annotations; since 2025-03-26).
/// `nil` leaves a hint out.
public struct ToolAnnotations: Hashable, Sendable {
  public var readOnly: Bool?
  public var destructive: Bool?
  public var idempotent: Bool?
  public var openWorld: Bool?

  public init(readOnly: Bool? = nil, destructive: Bool? = nil, idempotent: Bool? = nil, openWorld: Bool? = nil) {
    self.readOnly = readOnly
    self.destructive = destructive
    self.idempotent = idempotent
    self.openWorld = openWorld
  }
}
