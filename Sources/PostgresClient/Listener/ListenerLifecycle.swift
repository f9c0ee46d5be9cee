/// What a listener does next. A value without input or output: the listener carries out the steps and reports their results.
struct ListenerLifecycle {
  enum Step: Equatable {
    case connect
    case listen
    /// Tell the consumer that LISTEN is committed, then prove that notifications arrive.
    case selfTest(announcing: Bool)
    /// Wait this long or until the connection ends, then ask whether it is alive.
    case checkLivenessAfter(Duration)
    case reconnectAfter(Duration)
  }

  enum Event {
    case connected
    case listened
    case tested(TestResult)
    case alive
    case lost(PostgresError)
  }

  enum TestResult {
    case delivered
    case failed(ListenerState.DegradedReason)
  }

  private(set) var state = ListenerState.connecting
  private let configuration: ListenerConfiguration
  private var backoff: Backoff
  private var untilRetest: Duration

  init(_ configuration: ListenerConfiguration) {
    self.configuration = configuration
    backoff = configuration.backoff
    untilRetest = configuration.selfTestRetry
  }

  /// `random` is in 0..<1.
  mutating func handle(_ event: Event, random: @autoclosure () -> Double) -> Step {
    switch event {
    case .connected: return .listen
    case .listened: return .selfTest(announcing: true)
    case .tested(let result):
      untilRetest = configuration.selfTestRetry
      switch result {
      case .delivered: state = .listening
      case .failed(let reason): state = .degraded(reason)
      }
      return .checkLivenessAfter(configuration.livenessInterval)
    case .alive:
      backoff.reset()
      guard case .degraded = state else { return .checkLivenessAfter(configuration.livenessInterval) }
      untilRetest -= configuration.livenessInterval
      return untilRetest <= .zero ? .selfTest(announcing: false) : .checkLivenessAfter(configuration.livenessInterval)
    case .lost(let error):
      state = .disconnected(error)
      return .reconnectAfter(backoff.next(random: random()))
    }
  }
}
