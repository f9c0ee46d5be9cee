import Bridge
import MCP

/// Tells subscribers which resources have changed.
actor ResourceWatch {
  private let resources: BridgeResources
  /// The last known state of each resource.
  private var watched: [String: String?] = [:]
  private var loop: Task<Void, Never>?
  private let notify: @Sendable (String) async -> Void

  /// - Parameter notify: is told the URIs of resources that have changed.
  init(resources: BridgeResources, notify: @escaping @Sendable (String) async -> Void) {
    (self.resources, self.notify) = (resources, notify)
  }

  /// Watches these resources from now on; returns when a later change cannot be missed.
  func watch(_ uris: Set<String>) async {
    watched = watched.filter { uris.contains($0.key) }
    guard !uris.isEmpty else { return stop() }
    let wakeUps = loop == nil ? resources.service.wakeUps(.idle) : nil
    for uri in uris where watched[uri] == nil { watched.updateValue(await resources.state(of: uri), forKey: uri) }
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
    for (uri, before) in watched.sorted(by: { $0.key < $1.key }) {
      let state = await resources.state(of: uri)
      guard watched[uri] != nil, before != state else { continue }
      watched.updateValue(state, forKey: uri)
      await notify(uri)
    }
  }
}
