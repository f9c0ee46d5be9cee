import Bridge
import MCP

/// Tells subscribers which resources have changed.
actor ResourceWatch {
  private let resources: BridgeResources
  private var known: [String: String?] = [:]
  private var loop: Task<Void, Never>?
  private var notify: (@Sendable (String) async -> Void)?

  init(resources: BridgeResources) {
    self.resources = resources
  }

  /// Sets the receiver of changes.
  func tell(_ notify: @escaping @Sendable (String) async -> Void) { self.notify = notify }

  /// Watches these resources from now on. Returns once no later change can be missed.
  func watch(_ uris: Set<String>) async {
    known = known.filter { uris.contains($0.key) }
    guard !uris.isEmpty else {
      loop?.cancel()
      loop = nil
      return
    }
    let wakeUps = loop == nil ? resources.service.wakeUps(.idle) : nil
    for uri in uris where known[uri] == nil { known[uri] = .some(await resources.state(of: uri)) }
    guard let wakeUps else { return }
    loop = Task { [weak self] in
      for await _ in wakeUps { await self?.look() }
    }
  }

  func stop() {
    loop?.cancel()
    loop = nil
  }

  private func look() async {
    for uri in known.keys.sorted() {
      let state = await resources.state(of: uri)
      guard let before = known[uri], before != state else { continue }
      known[uri] = .some(state)
      await notify?(uri)
    }
  }
}
