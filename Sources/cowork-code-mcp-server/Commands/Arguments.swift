import ArgumentParser
import Bridge

extension TaskStatus: ExpressibleByArgument {}
extension TaskRole: ExpressibleByArgument {}

/// An agent's name where a command names another one.
func agent(_ name: String) throws -> Identity { try usage { try Identity(name) } }

/// How many rows are wanted.
func requirePageSize(_ limit: Int) throws {
  guard Limits.pageSize.contains(limit) else {
    throw ValidationError("--limit must be \(Limits.pageSize.lowerBound) to \(Limits.pageSize.upperBound), not \(limit).")
  }
}
