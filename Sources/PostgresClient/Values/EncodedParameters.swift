/// Parameters in the arrays that `PQsendQueryParams` takes: all in text form, the values in one block of memory.
struct EncodedParameters: Equatable {
  private(set) var types: [UInt32] = []
  /// Where each value begins in `storage`; nil is NULL.
  private(set) var offsets: [Int?] = []
  private(set) var storage: [UInt8] = []

  enum TypeID {
    static let inferred: UInt32 = 0
    static let bool: UInt32 = 16
    static let int8: UInt32 = 20
    static let float8: UInt32 = 701
    static let textArray: UInt32 = 1009
    static let int8Array: UInt32 = 1016
  }

  /// The protocol counts parameters in 16 bits.
  static let maximumCount = 65_535

  init(_ parameters: [PostgresParameter]) throws(PostgresError) {
    guard parameters.count <= Self.maximumCount else {
      throw PostgresError(.invalidParameter, "A statement has \(parameters.count) parameters; at most \(Self.maximumCount) can be sent.")
    }
    for parameter in parameters {
      switch parameter {
      case .text(let value): try add(value, type: TypeID.inferred)
      case .int(let value): try add(String(value), type: TypeID.int8)
      case .double(let value): try add(Self.text(of: value), type: TypeID.float8)
      case .bool(let value): try add(value ? "t" : "f", type: TypeID.bool)
      case .textArray(let values): try add(ArrayText.encode(values), type: TypeID.textArray)
      case .optionalTextArray(let values): try add(ArrayText.encode(values), type: TypeID.textArray)
      case .intArray(let values): try add(ArrayText.encode(values), type: TypeID.int8Array)
      case .null:
        types.append(TypeID.inferred)
        offsets.append(nil)
      }
    }
  }

  private mutating func add(_ value: String, type: UInt32) throws(PostgresError) {
    types.append(type)
    offsets.append(storage.count)
    let start = storage.count
    storage.append(contentsOf: value.utf8)
    guard !storage[start...].contains(0) else {
      throw PostgresError(
        .invalidParameter, "Parameter $\(types.count) holds a NUL character, which Postgres cannot store; remove it.")
    }
    storage.append(0)
  }

  private static func text(of value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
    return String(value)
  }

  /// Calls `body` with the value pointers, which are valid during the call.
  func withPointers<T>(_ body: ([UnsafePointer<CChar>?]) -> T) -> T {
    storage.withUnsafeBytes { bytes in
      let base = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
      return body(offsets.map { offset in offset.flatMap { base?.advanced(by: $0) } })
    }
  }
}
