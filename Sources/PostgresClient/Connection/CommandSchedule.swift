/// The order of a connection's commands: first in, first out, one at a time; while a transaction is open only its own.
///
/// Pure bookkeeping: each call returns what the connection is to do.
struct CommandSchedule {
  typealias ID = UInt64

  enum Role: Equatable {
    case single
    case begins(transaction: UInt64)
    case inside(transaction: UInt64)
    /// COMMIT or ROLLBACK.
    case ends(transaction: UInt64, commits: Bool)

    /// Whether losing the connection while this runs leaves its effect unknown. A transaction that lost its connection before
    /// COMMIT is rolled back by the server.
    var leavesUnknownOutcome: Bool { self == .single || commits }

    var commits: Bool { if case .ends(_, commits: true) = self { true } else { false } }
  }

  /// Why a command is not to run on.
  enum StopReason: Equatable { case cancelled, timedOut }

  enum Refusal: Equatable {
    case connectionClosed
    case transactionEnded
    case stopped(StopReason)
  }

  enum Action: Equatable {
    case none
    /// Send this command now.
    case send(ID)
    /// It was never sent and will not be.
    case refuse(ID, Refusal)
    /// It runs: ask the server to cancel it; then call `cancelRequestReturned`.
    case cancelOnServer(ID)
  }

  private struct Entry {
    let id: ID
    let role: Role
  }

  private enum State {
    case idle
    case running(Entry, stop: StopReason?)
    /// The command is done, but a cancel request for it is still on its way and would hit the next one.
    case waitingForCancelRequest
    case closed
  }

  private var state = State.idle
  private var queue: [Entry] = []
  private var openTransaction: UInt64?
  private var cancelRequestIsOut = false

  var runningID: ID? { if case .running(let entry, _) = state { entry.id } else { nil } }
  var runningRole: Role? { if case .running(let entry, _) = state { entry.role } else { nil } }
  var stopReason: StopReason? { if case .running(_, let stop) = state { stop } else { nil } }
  /// For a cancelled command's results, or for the cancel request to return.
  var isWaitingForServer: Bool {
    switch state {
    case .running(_, .some), .waitingForCancelRequest: true
    default: false
    }
  }

  mutating func enqueue(_ id: ID, _ role: Role) -> Action {
    if case .closed = state { return .refuse(id, .connectionClosed) }
    switch role {
    case .inside(let transaction), .ends(let transaction, _):
      guard transaction == openTransaction else { return .refuse(id, .transactionEnded) }
    case .single, .begins: break
    }
    queue.append(Entry(id: id, role: role))
    return next()
  }

  /// The caller does not want it any more.
  mutating func stop(_ id: ID, _ reason: StopReason) -> Action {
    if let index = queue.firstIndex(where: { $0.id == id }) {
      queue.remove(at: index)
      return .refuse(id, .stopped(reason))
    }
    guard case .running(let entry, nil) = state, entry.id == id else { return .none }
    state = .running(entry, stop: reason)
    cancelRequestIsOut = true
    return .cancelOnServer(id)
  }

  /// All results of the running command are there.
  mutating func finished(succeeded: Bool) -> Action {
    guard case .running(let entry, _) = state else { return .none }
    switch entry.role {
    case .begins(let transaction): openTransaction = succeeded ? transaction : nil
    case .ends: openTransaction = nil
    case .single, .inside: break
    }
    state = cancelRequestIsOut ? .waitingForCancelRequest : .idle
    return next()
  }

  mutating func cancelRequestReturned() -> Action {
    cancelRequestIsOut = false
    guard case .waitingForCancelRequest = state else { return .none }
    state = .idle
    return next()
  }

  /// Ends everything; returns the command that had been sent and those that had not.
  mutating func close() -> (running: ID?, queued: [ID]) {
    let result = (runningID, queue.map(\.id))
    state = .closed
    queue = []
    openTransaction = nil
    return result
  }

  private mutating func next() -> Action {
    guard case .idle = state, let index = queue.firstIndex(where: { mayRun($0.role) }) else { return .none }
    let entry = queue.remove(at: index)
    state = .running(entry, stop: nil)
    if case .begins(let transaction) = entry.role { openTransaction = transaction }
    return .send(entry.id)
  }

  private func mayRun(_ role: Role) -> Bool {
    switch role {
    case .single, .begins: return openTransaction == nil
    case .inside(let transaction), .ends(let transaction, _): return transaction == openTransaction
    }
  }
}
