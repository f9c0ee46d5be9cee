/// Parameters in the arrays that `PQsendQueryParams` takes: all in text form, the values in one block of memory.
struct EncodedParameters: Equatable {
  private(set) var types: [UInt32] = []
  /// Where each value begins in `storage`; nil is NULL.
  private(set) var offsets: [Int?] = []
  private(set) var storage: [UInt8] = []

  /// The protocol counts parameters in 16 bits.
  static let maximumCount = 65_535

  init(_ parameters: [PostgresParameter]) throws(PostgresError) {
    guard parameters.count <= Self.maximumCount else {
      throw PostgresError(.invalidParameter, "A statement has \(parameters.count) parameters; at most \(Self.maximumCount) can be sent.")
    }
    for parameter in parameters {
      switch parameter {
      // The numbers are those of pg_type; 0 leaves the type to the server.
      case .text(let value): try add(value, type: 0)
      case .int(let value): try add(String(value), type: 20)
      // Postgres reads what Swift writes, also "nan" and "-inf".
      case .double(let value): try add("\(value)", type: 701)
      case .bool(let value): try add(value ? "t" : "f", type: 16)
      case .textArray(let values): try add(ArrayText.encode(values), type: 1009)
      case .intArray(let values): try add(ArrayText.encode(values), type: 1016)
      case .null:
        types.append(0)
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

  /// Calls `body` with the value pointers, which are valid during the call.
  func withPointers<T>(_ body: ([UnsafePointer<CChar>?]) -> T) -> T {
    storage.withUnsafeBytes { bytes in
      let base = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
      return body(offsets.map { offset in offset.flatMap { base?.advanced(by: $0) } })
    }
  }
}
