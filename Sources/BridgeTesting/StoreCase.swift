import Bridge
import Testing

/// One behaviour that every store must have.
public struct StoreCase: Sendable, CustomTestStringConvertible {
  /// `area: behaviour`.
  public let name: String
  private let body: @Sendable (StoreBench) async throws -> Void

  init(_ name: String, _ body: @escaping @Sendable (StoreBench) async throws -> Void) {
    self.name = name
    self.body = body
  }

  func within(_ area: String) -> StoreCase { StoreCase("\(area): \(name)", body) }

  public var testDescription: String { name }

  /// Checks the behaviour on an empty database. A failure is recorded as an issue of the running test.
  public func run(on harness: any StoreHarness) async throws {
    do {
      try await body(StoreBench(harness: harness, store: harness.makeStore(timing: StoreTiming())))
    } catch {
      await harness.cleanUp()
      throw error
    }
    await harness.cleanUp()
  }
}
