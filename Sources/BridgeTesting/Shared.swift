import Synchronization

/// A value that the tasks of a test share.
public final class Shared<Value: Sendable>: Sendable {
  private let state: Mutex<Value>

  public init(_ value: sending Value) { state = Mutex(value) }

  public var value: Value { state.withLock(\.self) }

  public func change(_ body: @Sendable (inout Value) -> Void) { state.withLock { body(&$0) } }
}
