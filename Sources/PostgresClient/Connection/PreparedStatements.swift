import Synchronization

/// The statements that a connection has prepared: those that it was asked for more than once. The server then neither parses nor plans them
/// again, which takes longer than what they do.
///
/// Only on a connection to the server itself: through a pooler they would stay behind on connections that others get.
final class PreparedStatements: Sendable {
  struct Key: Hashable {
    let statement: String
    let types: [UInt32]
  }

  enum Step: Equatable {
    case sendUnprepared
    case prepare(name: String)
    case send(name: String)
  }

  private enum Progress {
    case seen, preparing, notPrepared
    case prepared(name: String)
  }

  /// The server keeps a plan for each.
  private static let maximumCount = 50

  private struct State {
    var progress: [Key: Progress] = [:]
    var lastName = 0
  }

  private let state = Mutex(State())

  /// What to do about a statement now. Whoever is told to prepare it calls `set` afterwards.
  func next(_ key: Key) -> Step {
    state.withLock { state in
      switch state.progress[key] {
      case .prepared(let name): return .send(name: name)
      case .seen:
        state.progress[key] = .preparing
        state.lastName += 1
        return .prepare(name: "statement_\(state.lastName)")
      case nil where state.progress.count < Self.maximumCount: state.progress[key] = .seen
      case nil, .preparing, .notPrepared: break
      }
      return .sendUnprepared
    }
  }

  /// - Parameter name: nil where the statement is to be sent unprepared from now on.
  func set(_ key: Key, prepared name: String?) {
    state.withLock { $0.progress[key] = name.map { .prepared(name: $0) } ?? .notPrepared }
  }
}

extension PostgresConnection {
  /// Runs a statement that commits by itself, prepared where that is worth it.
  nonisolated func perform(
    _ statement: String, _ parameters: EncodedParameters, timeout: Duration?
  ) async throws(PostgresError) -> [PostgresRows] {
    let key = PreparedStatements.Key(statement: statement, types: parameters.types)
    var step = prepared.next(key)
    if case .prepare(let name) = step {
      step = try await prepare(key, name, timeout) ? .send(name: name) : .sendUnprepared
    }
    if case .send(let name) = step {
      do throws(PostgresError) { return try await perform(Command(content: .prepared(name, parameters), timeout: timeout)) } catch {
        // A newer version of the program has changed what the statement returns, or somebody has dropped what was prepared. Nothing of it took effect.
        guard error.sqlState == .featureNotSupported || error.sqlState == .invalidStatementName else { throw error }
        prepared.set(key, prepared: nil)
      }
    }
    return try await perform(Command(content: .statement(statement, parameters), timeout: timeout))
  }

  private nonisolated func prepare(
    _ key: PreparedStatements.Key, _ name: String, _ timeout: Duration?
  ) async throws(PostgresError) -> Bool {
    var isPrepared = false
    defer { prepared.set(key, prepared: isPrepared ? name : nil) }
    do throws(PostgresError) {
      guard try await isDirect(within: timeout ?? settings.queryTimeout) else { return false }
      _ = try await perform(Command(content: .preparation(name, key.statement, types: key.types), timeout: timeout))
    } catch {
      // Sent unprepared, the statement says better what is wrong with it.
      guard error.code == .server else { throw error.withoutDoubt }
      return false
    }
    isPrepared = true
    return true
  }
}
