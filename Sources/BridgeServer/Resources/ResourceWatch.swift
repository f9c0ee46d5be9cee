import Bridge
import MCP

/// Tells subscribers which resources have changed.
actor ResourceWatch {
  private struct Watched {
    let name: BridgeResources.Name
    var state: String?
  }

  private let resources: BridgeResources
  private var watched: [String: Watched] = [:]
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
    for uri in uris where watched[uri] == nil {
      guard let name = resources.name(of: uri) else { continue }
      watched[uri] = Watched(name: name, state: await resources.state(of: name))
    }
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
      let state = await resources.state(of: before.name)
      guard watched[uri] != nil, before.state != state else { continue }
      watched[uri]?.state = state
      await notify(uri)
    }
  }
}
