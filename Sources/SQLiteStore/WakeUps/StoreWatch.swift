import Bridge
import Foundation
import Logging
import Synchronization

/// Tells subscribers that the database may hold something new.
final class StoreWatch: Sendable {
  private let connections: Connections
  private let layers: WakeLayers
  private let doorbell: Doorbell
  private let subscribers = Subscribers()
  private let logger: Logger
  private let thread = Mutex<WatchThread?>(nil)

  init(connections: Connections, layers: WakeLayers, logger: Logger) {
    self.connections = connections
    self.layers = layers
    self.doorbell = Doorbell(database: connections.path)
    self.logger = logger
  }

  func subscribe(_ urgency: WakeUps.Urgency) -> WakeUps {
    let wakeUps = subscribers.subscribe(urgency) { [weak self] in
      self?.thread.withLock { $0?.nudge() }
    }
    thread.withLock { thread in
      if let thread { return thread.nudge() }
      thread = WatchThread(connections: connections, layers: layers, subscribers: subscribers, logger: logger)
    }
    return wakeUps
  }

  /// This process has committed something that others may want to know.
  func ring() {
    doorbell.ring()
    subscribers.post([.messages, .tasks])
  }

  func stop() {
    subscribers.finish()
    thread.withLock { thread in
      thread?.stop()
      thread = nil
    }
  }
}
