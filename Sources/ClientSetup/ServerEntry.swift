import JSON

/// How a client starts this program: its entry in the client's configuration.
public struct ServerEntry: Equatable, Sendable {
  /// The file name of this program.
  public static let program = "cowork-code-mcp-server"

  public let command: String
  public let arguments: [String]
  public let environment: [String: String]

  public init(command: String, arguments: [String], environment: [String: String] = [:]) {
    self.command = command
    self.arguments = arguments
    self.environment = environment
  }

  /// An entry of a configuration; nil where it starts no program.
  public init?(_ json: JSON?) {
    guard let json, let command = json["command"]?.stringValue else { return nil }
    let variables = json["env"]?.objectValue?.members ?? []
    self.init(
      command: command, arguments: json["args"]?.arrayValue?.compactMap(\.stringValue) ?? [],
      environment: Dictionary(variables.compactMap { member in member.value.stringValue.map { (member.key, $0) } }) { $1 })
  }

  func json(with extras: JSONObject) -> JSON {
    var entry = extras
    entry["command"] = .string(command)
    entry["args"] = .array(arguments.map { .string($0) })
    return .object(entry)
  }

  /// Whether an entry starts the same program in the same way. Its other members belong to the user.
  func isStarted(by entry: JSON?) -> Bool {
    entry?["command"]?.stringValue == command && entry?["args"]?.arrayValue == arguments.map { .string($0) }
  }

  /// The value of an option: the next argument, or what follows `=`.
  public func option(_ name: String) -> String? {
    for (index, argument) in arguments.enumerated() {
      if argument == name { return index + 1 < arguments.count ? arguments[index + 1] : nil }
      if argument.hasPrefix(name + "=") { return String(argument.dropFirst(name.count + 1)) }
    }
    return nil
  }

  /// The first argument that is neither an option, nor its value, nor the command `serve`.
  public var positional: String? {
    var isValue = false
    for argument in arguments.first == "serve" ? arguments.dropFirst() : arguments[...] {
      if isValue {
        isValue = false
      } else if argument.hasPrefix("-") {
        isValue = !argument.contains("=")
      } else {
        return argument
      }
    }
    return nil
  }
}

extension String {
  /// One word for a POSIX shell.
  public var shellQuoted: String {
    let isPlain = utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
      default: "/._-+:=@%,".utf8.contains(byte)
      }
    }
    return isPlain && !isEmpty ? self : "'" + replacing("'", with: "'\\''") + "'"
  }
}
