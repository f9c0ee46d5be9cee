import CLibPQ
import SystemSupport

/// Owns a `PGconn`, and wraps the functions that use it.
///
/// `@unchecked Sendable` is safe because it is used by one thread at a time: the helper thread that connects, then, handed over
/// once, the event loop's thread (all uses are in the connection's actor, whose executor that thread is). libpq allows this
/// (PostgreSQL manual, "Behavior in Threaded Programs").
final class ConnectionHandle: @unchecked Sendable {
  private var pointer: OpaquePointer?

  init(_ pointer: OpaquePointer) { self.pointer = pointer }

  deinit { finish() }

  /// Closes the socket and frees everything. May be repeated.
  func finish() {
    if let pointer { PQfinish(pointer) }
    pointer = nil
  }

  var socket: FileDescriptor { FileDescriptor(rawValue: PQsocket(pointer)) }
  var isBad: Bool { PQstatus(pointer) == CONNECTION_BAD }
  var serverProcessID: Int32 { PQbackendPID(pointer) }
  var serverVersion: Int32 { PQserverVersion(pointer) }
  var isIdleOutsideTransaction: Bool { PQtransactionStatus(pointer) == PQTRANS_IDLE }
  var errorText: String { PQerrorMessage(pointer).map { String(cString: $0) } ?? "" }
  var usesTLS: Bool { PQsslInUse(pointer) == 1 }

  // MARK: connecting

  /// Nil when out of memory. Resolves names, so may block for long. Texts of errors carry their SQLSTATE.
  static func start(_ options: ConninfoOptions) -> ConnectionHandle? {
    guard let pointer = options.withKeywordArrays({ PQconnectStartParams($0, $1, 0) }) else { return nil }
    // The default receiver prints to standard error.
    PQsetNoticeReceiver(pointer, { _, _ in }, nil)
    PQsetErrorVerbosity(pointer, PQERRORS_VERBOSE)
    return ConnectionHandle(pointer)
  }

  func connectPoll() -> PostgresPollingStatusType { PQconnectPoll(pointer) }

  /// False when the connection is no good after all.
  func becomeNonBlocking() -> Bool {
    PQsetErrorVerbosity(pointer, PQERRORS_DEFAULT)
    return PQsetnonblocking(pointer, 1) == 0
  }

  // MARK: queries

  func send(script: String) -> Bool { PQsendQuery(pointer, script) == 1 }

  func send(_ statement: String, _ parameters: EncodedParameters) -> Bool {
    parameters.withPointers { values in
      PQsendQueryParams(pointer, statement, Int32(values.count), parameters.types, values, nil, nil, 0) == 1
    }
  }

  func prepare(_ name: String, _ statement: String, _ types: [UInt32]) -> Bool {
    PQsendPrepare(pointer, name, statement, Int32(types.count), types) == 1
  }

  func send(prepared name: String, _ parameters: EncodedParameters) -> Bool {
    parameters.withPointers { values in PQsendQueryPrepared(pointer, name, Int32(values.count), values, nil, nil, 0) == 1 }
  }

  /// Whether something is still to be sent. When sending fails, reading tells why: the reason is in what the server sent before it hung up.
  func flush() -> Bool { PQflush(pointer) == 1 }

  /// False when the connection broke.
  func consumeInput() -> Bool { PQconsumeInput(pointer) == 1 }

  var isBusy: Bool { PQisBusy(pointer) == 1 }

  func nextResult() -> OpaquePointer? { PQgetResult(pointer) }

  func nextNotification() -> PostgresNotification? {
    guard let notification = PQnotifies(pointer) else { return nil }
    defer { PQfreemem(notification) }
    let fields = notification.pointee
    return PostgresNotification(
      channel: fields.relname.map { String(cString: $0) } ?? "", payload: fields.extra.map { String(cString: $0) } ?? "")
  }

  func makeCancelRequest() -> CancelRequest? { PQgetCancel(pointer).map(CancelRequest.init) }
}

/// What `PQcancel` needs, apart from the connection.
///
/// `@unchecked Sendable` is safe because libpq lets any thread use a `PGcancel`, and only one does here: the helper thread.
final class CancelRequest: @unchecked Sendable {
  private let pointer: OpaquePointer

  init(_ pointer: OpaquePointer) { self.pointer = pointer }

  deinit { PQfreeCancel(pointer) }

  /// Blocks: connects to the server and waits until it hangs up. True when the request was sent.
  func send() -> Bool {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in PQcancel(pointer, buffer.baseAddress, Int32(buffer.count)) == 1
    }
  }
}
