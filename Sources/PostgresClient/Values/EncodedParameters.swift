/// Parameters in the four parallel arrays that `PQsendQueryParams` takes, the values in one block of memory.
struct EncodedParameters: Equatable {
  private(set) var types: [UInt32] = []
  private(set) var lengths: [Int32] = []
  private(set) var formats: [Int32] = []
  /// Where each value begins in `storage`; nil is NULL.
  private(set) var offsets: [Int?] = []
  private(set) var storage: [UInt8] = []

  enum TypeID {
    static let inferred: UInt32 = 0
    static let bool: UInt32 = 16
    static let bytea: UInt32 = 17
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
    for (index, parameter) in parameters.enumerated() {
      switch parameter {
      case .text(let value): try add(value, type: TypeID.inferred, index: index)
      case .typed(let value, let oid): try add(value, type: oid, index: index)
      case .int(let value): try add(String(value), type: TypeID.int8, index: index)
      case .double(let value): try add(Self.text(of: value), type: TypeID.float8, index: index)
      case .bool(let value): try add(value ? "t" : "f", type: TypeID.bool, index: index)
      case .textArray(let values): try add(ArrayText.encode(values), type: TypeID.textArray, index: index)
      case .optionalTextArray(let values): try add(ArrayText.encode(values), type: TypeID.textArray, index: index)
      case .intArray(let values): try add(ArrayText.encode(values), type: TypeID.int8Array, index: index)
      case .bytes(let value): add(binary: value, type: TypeID.bytea)
      case .null: addNull()
      }
    }
  }

  private mutating func add(_ value: String, type: UInt32, index: Int) throws(PostgresError) {
    let start = storage.count
    storage.append(contentsOf: value.utf8)
    guard !storage[start...].contains(0) else {
      throw PostgresError(
        .invalidParameter, "Parameter $\(index + 1) holds a NUL character, which Postgres cannot store; remove it or send bytes.")
    }
    storage.append(0)
    push(type: type, length: storage.count - start - 1, format: 0, offset: start)
  }

  private mutating func add(binary value: [UInt8], type: UInt32) {
    let start = storage.count
    storage.append(contentsOf: value)
    storage.append(0)
    push(type: type, length: value.count, format: 1, offset: start)
  }

  private mutating func addNull() { push(type: TypeID.inferred, length: 0, format: 0, offset: nil) }

  private mutating func push(type: UInt32, length: Int, format: Int32, offset: Int?) {
    types.append(type)
    lengths.append(Int32(clamping: length))
    formats.append(format)
    offsets.append(offset)
  }

  private static func text(of value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
    return String(value)
  }

  /// Calls `body` with the value pointers; they are valid during the call only.
  func withPointers<T>(_ body: ([UnsafePointer<CChar>?]) -> T) -> T {
    storage.withUnsafeBytes { bytes in
      let base = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
      return body(offsets.map { offset in offset.flatMap { base?.advanced(by: $0) } })
    }
  }
}
