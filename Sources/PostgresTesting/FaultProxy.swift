import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A TCP proxy on 127.0.0.1 that can fail as networks do. Runs on its own thread until `close` or deinit.
public final class FaultProxy: Sendable {
  public let port: UInt16
  private let engine: FaultProxyEngine

  /// In front of a port of 127.0.0.1.
  public init(to upstream: UInt16) throws {
    let (listener, port) = try Loopback.listen(on: 0)
    self.port = port
    engine = try FaultProxyEngine(listener: listener, port: port, upstream: upstream)
    let engine = engine
    Shell.startThread { engine.run() }
  }

  deinit { engine.command { $0.isClosed = true } }

  /// Bytes are neither read nor forwarded, in both directions; new connections are accepted and hang. Returns when in force.
  public func blackHole() async { await engine.apply { $0.mode = .blackHole } }

  /// Forwards again, including what was held up, and accepts again.
  public func heal() async { await engine.apply { $0.mode = .pass } }

  /// Resets all present connections.
  public func cut() async { await engine.apply { $0.mustCut = true } }

  /// Ends all connections and refuses new ones.
  public func refuse() async {
    await engine.apply {
      $0.mode = .refuse
      $0.mustCut = true
    }
  }

  /// The next time a client sends this text, it is forwarded, the server's answer is withheld, and the connection is reset: the server has
  /// carried it out and the client cannot know.
  public func cutReplies(after text: String) async { await engine.apply { $0.trap = .init(text: Array(text.utf8), forwards: true) } }

  /// The next time a client sends this text, the connection is reset and the server never sees it.
  public func cut(before text: String) async { await engine.apply { $0.trap = .init(text: Array(text.utf8), forwards: false) } }

  public func close() async { await engine.apply { $0.isClosed = true } }
}
