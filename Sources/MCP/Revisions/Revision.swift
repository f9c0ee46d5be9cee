/// A revision of the Model Context Protocol. Later ones are greater.
public struct Revision: Hashable, Sendable {
  /// The date that names it, as in `2025-11-25`.
  public let date: String
  public let era: Era

  static let november2024 = Revision("2024-11-05", .handshake)
  static let march2025 = Revision("2025-03-26", .handshake)
  static let june2025 = Revision("2025-06-18", .handshake)
  static let november2025 = Revision("2025-11-25", .handshake)
  static let july2026 = Revision("2026-07-28", .perRequest)

  static let served = [november2024, march2025, june2025, november2025, july2026]
  static let latestHandshake = november2025

  init(_ date: String, _ era: Era) {
    self.date = date
    self.era = era
  }

  /// A revision that is served.
  init?(_ date: String) {
    guard let revision = Self.served.first(where: { $0.date == date }) else { return nil }
    self = revision
  }

  /// Only 2025-03-26 has JSON-RPC batches (basic, Batching).
  var hasBatches: Bool { self == .march2025 }

  /// resources, Error Handling: the code changed with the per-request era.
  var resourceNotFoundCode: RPCError.Code { era == .handshake ? .resourceNotFound : .invalidParams }

  /// The revision that `initialize` agrees on: the one asked for if it has a handshake, else the latest that has
  /// (basic/lifecycle, Version Negotiation).
  static func negotiated(asked: String) -> Revision {
    guard let revision = Revision(asked), revision.era == .handshake else { return latestHandshake }
    return revision
  }

  static var perRequestVersions: [Revision] { served.filter { $0.era == .perRequest } }
}

extension Revision: Comparable {
  public static func < (left: Revision, right: Revision) -> Bool { left.date < right.date }
}

/// How a client and a server agree on a revision.
public enum Era: Hashable, Sendable {
  /// Once, by `initialize` (up to 2025-11-25).
  case handshake
  /// In each request's `_meta` (from 2026-07-28 on).
  case perRequest
}
