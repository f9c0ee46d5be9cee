/// How a connection begins and ends: from stage to stage, each left when its work is done or its time is over.
struct Ending: Sendable {
  enum Stage: Int, Sendable {
    case new, serving, finishingCalls, flushing, awaitingHandlers, closing, ended
  }

  private(set) var stage = Stage.new
  private(set) var reason: ServerEnd?
  private var timer = 0
  private var isTimeOver = false

  mutating func open() { stage = .serving }

  /// The first reason counts, except that the end of input leaves time, which a later reason takes away.
  ///
  /// - Returns: whether it did.
  mutating func begin(_ reason: ServerEnd) -> Bool {
    guard self.reason == nil || self.reason == .endOfInput && stage.rawValue <= Stage.flushing.rawValue else { return false }
    defer { self.reason = reason }
    return self.reason != nil && reason != .endOfInput
  }

  /// A new timer takes the place of the one before.
  mutating func startTimer() -> Int {
    timer += 1
    isTimeOver = false
    return timer
  }

  mutating func timerFired(_ number: Int) { isTimeOver = number == timer }

  /// Goes to the next stage.
  ///
  /// - Returns: that stage; `nil` if the present one is not over.
  mutating func next(isDone: Bool) -> Stage? {
    guard isDone || isTimeOver, let next = Stage(rawValue: stage.rawValue + 1) else { return nil }
    stage = next
    isTimeOver = false
    // The last stages take as long as they take.
    if next == .closing { timer += 1 }
    return next
  }
}

extension ServerLimits {
  /// The longest time in a stage; `nil` for as long as it takes.
  func grace(of stage: Ending.Stage, after reason: ServerEnd?) -> Duration? {
    switch stage {
    case .finishingCalls: endOfInputGrace
    // Somebody still reads, however slowly.
    case .flushing: reason == .endOfInput ? nil : stallGrace
    case .awaitingHandlers: stallGrace
    default: nil
    }
  }
}
