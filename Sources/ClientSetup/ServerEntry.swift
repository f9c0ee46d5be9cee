import Foundation
import JSON
import SystemSupport

/// How a client starts this program: its entry in the client's configuration.
public struct ServerEntry: Equatable, Sendable {
  /// The file name of this program.
  public static let program = "cowork-code-mcp-server"

  public var command: String
  public var arguments: [String]
  public var environment: [String: String]

  public init(command: String, arguments: [String], environment: [String: String] = [:]) {
    self.command = command
    self.arguments = arguments
    self.environment = environment
  }

  /// An entry of a configuration; nil where it starts no program.
  public init?(_ json: JSON?) {
    guard let json else { return nil }
    let joined = json["command"]?.arrayValue?.compactMap(\.stringValue) ?? []
    guard let command = json["command"]?.stringValue ?? joined.first else { return nil }
    let variables = (json["env"] ?? json["environment"])?.objectValue?.members ?? []
    self.init(
      command: command, arguments: json["args"]?.arrayValue?.compactMap(\.stringValue) ?? Array(joined.dropFirst()),
      environment: Dictionary(variables.compactMap { member in member.value.stringValue.map { (member.key, $0) } }) { $1 })
  }

  /// The value of an option: the next argument, or what follows `=`. The last one wins.
  public func option(_ name: String) -> String? {
    for (index, argument) in arguments.enumerated().reversed() {
      if argument == name { return index + 1 < arguments.count ? arguments[index + 1] : nil }
      if argument.hasPrefix(name + "=") { return String(argument.dropFirst(name.count + 1)) }
    }
    return nil
  }

  /// Gives an option another value, or with nil removes it.
  public mutating func setOption(_ name: String, to value: String?) {
    var place: Int?
    while let index = arguments.firstIndex(where: { $0 == name || $0.hasPrefix(name + "=") }) {
      arguments.removeSubrange(index..<(arguments[index] == name ? min(index + 2, arguments.count) : index + 1))
      place = place ?? index
    }
    // Behind `--` it would be no option.
    if let value { arguments.insert(contentsOf: [name, value], at: place ?? arguments.firstIndex(of: "--") ?? arguments.count) }
  }

  /// The first argument that is neither an option, nor its value, nor the command `serve`.
  public var positional: String? { positionalIndex.map { arguments[$0] } }

  public mutating func setPositional(_ value: String) {
    if let index = positionalIndex { arguments[index] = value } else { arguments.insert(value, at: arguments.first == "serve" ? 1 : 0) }
  }

  private var positionalIndex: Int? {
    var isValue = false
    for index in arguments.indices where index > 0 || arguments[0] != "serve" {
      if isValue {
        isValue = false
      } else if arguments[index] == "--" {
        return index + 1 < arguments.count ? index + 1 : nil
      } else if arguments[index].hasPrefix("-") {
        isValue = !arguments[index].contains("=")
      } else {
        return index
      }
    }
    return nil
  }

  /// What of it nobody should see: values of variables, and arguments, that may be passwords. Those of another program may all be.
  func secrets(_ own: OwnProgram) -> [String] {
    func mayBeSecret(_ text: String) -> Bool {
      text.contains("@") || (text.removingPercentEncoding ?? text).lowercased().contains("password")
    }
    return environment.filter { !$0.key.hasPrefix("COWORK_") || mayBeSecret($0.value) }.map(\.value)
      + arguments.filter { mayBeSecret($0) || !own.isStarted(by: command) }
  }
}

/// Tells which commands start this program, under whatever name.
public struct OwnProgram: Sendable {
  private let file: FileIdentity?
  private let places: Places
  /// Commands that are known to start it.
  var known: Set<String> = []
  private var isAny = false

  /// Takes every command for this program's.
  static var any: OwnProgram {
    var any = OwnProgram(path: nil)
    any.isAny = true
    return any
  }

  /// - Parameter path: this program's file.
  public init(path: String?, places: Places = Places()) {
    file = path.flatMap { FileIdentity(path: $0) }
    self.places = places
  }

  /// Whether a command starts the very file of this program.
  public func isFile(of command: String) -> Bool { file != nil && places.file(of: command).flatMap { FileIdentity(path: $0) } == file }

  /// Whether an entry starts it, itself or by another program, such as `docker` or `ssh`.
  func isStarted(by entry: ServerEntry) -> Bool {
    isStarted(by: entry.command)
      || entry.arguments.contains { FileSystem.split($0).name.prefix { $0 != ":" && $0 != "@" } == ServerEntry.program }
  }

  public func isStarted(by command: String) -> Bool {
    if isAny || known.contains(command) || FileSystem.split(command).name == ServerEntry.program { return true }
    guard let path = places.file(of: command) else { return false }
    return FileSystem.split(FileSystem.resolved(path)).name == ServerEntry.program || isFile(of: command)
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

  /// The words that a POSIX shell makes of this, as far as quotation marks, backslashes and `;` go.
  var shellWords: [String] {
    var words: [String] = []
    var word: String?
    var quote: Character?
    var isEscaped = false
    for character in self {
      switch character {
      case _ where isEscaped:
        word = (word ?? "") + String(character)
        isEscaped = false
      case "\\" where quote != "'": isEscaped = true
      case "'" where quote != "\"", "\"" where quote != "'":
        quote = quote == nil ? character : nil
        word = word ?? ""
      case _ where quote == nil && (character.isWhitespace || character == ";"):
        if let word { words.append(word) }
        word = nil
        if character == ";" { words.append(";") }
      default: word = (word ?? "") + String(character)
      }
    }
    return words + (word.map { [$0] } ?? [])
  }
}
