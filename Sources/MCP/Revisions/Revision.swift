/// A revision of the Model Context Protocol. Later ones are greater.
public enum Revision: String, CaseIterable, Sendable {
  case november2024 = "2024-11-05"
  case march2025 = "2025-03-26"
  case june2025 = "2025-06-18"
  case november2025 = "2025-11-25"
  case july2026 = "2026-07-28"

  /// The first revision of the per-request era; all before belong to the handshake era.
  static let firstPerRequest = Revision.july2026
  static let latestHandshake = Revision.november2025

  public var era: Era { self < Revision.firstPerRequest ? .handshake : .perRequest }

  /// Only 2025-03-26 has JSON-RPC batches (basic, Batching).
  var hasBatches: Bool { self == .march2025 }

  /// resources, Error Handling: the code changed with the per-request era.
  var resourceNotFoundCode: RPCError.Code { era == .handshake ? .resourceNotFound : .invalidParams }

  /// The revision that `initialize` agrees on: the one asked for where it has a handshake, else the latest that has
  /// (basic/lifecycle, Version Negotiation).
  static func negotiated(asked: String) -> Revision {
    guard let revision = Revision(rawValue: asked), revision.era == .handshake else { return latestHandshake }
    return revision
  }

  static var perRequestVersions: [Revision] { allCases.filter { $0.era == .perRequest } }
}

extension Revision: Comparable {
  /// The raw values are dates, in the order of the calendar.
  public static func < (left: Revision, right: Revision) -> Bool {
    left.rawValue < right.rawValue
  }
}

/// How a client and a server agree on a revision.
public enum Era: Hashable, Sendable {
  /// Once, by `initialize` (up to 2025-11-25).
  case handshake
  /// In each request's `_meta` (from 2026-07-28 on).
  case perRequest
}
