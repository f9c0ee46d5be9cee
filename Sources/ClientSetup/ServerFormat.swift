import JSON

/// How a client writes down its servers.
protocol ServerFormat: Sendable {
  /// Its name for people.
  var language: String { get }

  func servers(in text: EditedText) throws -> [(name: String, entry: ServerEntry)]

  /// Adds an entry, or changes the one of this name as far as needed: the rest of it belongs to the user.
  func install(_ entry: ServerEntry, as name: String, in text: inout EditedText) throws

  /// - Parameter earlier: the text before the entry was there, if it is known: what was empty in it stays.
  func remove(_ name: String, from text: inout EditedText, earlier: EditedText?) throws

  /// Removes what is empty once the entry is gone.
  func cleanUp(_ text: inout EditedText, earlier: EditedText?) throws
}

extension ServerFormat {
  var language: String { "JSON" }

  func cleanUp(_ text: inout EditedText, earlier: EditedText?) throws {}

  func server(_ name: String, in text: EditedText) throws -> ServerEntry? { try servers(in: text).first { $0.name == name }?.entry }
}

struct JSONServers: ServerFormat {
  /// The keys of the object that holds the servers.
  var list = ["mcpServers"]
  /// What a new entry says besides its command, arguments and environment.
  var extras: JSONObject = [:]
  var allowsComments = true
  /// Whether the arguments follow the command in one array.
  var isJoined = false

  private var environmentKey: String { isJoined ? "environment" : "env" }

  func servers(in text: EditedText) throws -> [(name: String, entry: ServerEntry)] {
    let json = try JSONText(text, allowsComments: allowsComments)[list.map { .key($0) }]
    return (json?.objectValue?.members ?? []).compactMap { member in ServerEntry(member.value).map { (member.key, $0) } }
  }

  func install(_ entry: ServerEntry, as name: String, in text: inout EditedText) throws {
    var json = try JSONText(text, allowsComments: allowsComments)
    let path = list + [name]
    let present = json[path.map { .key($0) }]
    if let present, present.objectValue?.isEmpty != true {
      guard let old = ServerEntry(present) else { throw ForeignEntry(name: name) }
      if isJoined, old.command != entry.command || old.arguments != entry.arguments {
        try json.set(path + ["command"], to: .array(([entry.command] + entry.arguments).map { .string($0) }))
      } else if !isJoined {
        if old.command != entry.command { try json.set(path + ["command"], to: .string(entry.command)) }
        let arguments = JSON.array(entry.arguments.map { .string($0) })
        if present["args"] != arguments, !(present["args"] == nil && entry.arguments.isEmpty) {
          try json.set(path + ["args"], to: arguments)
        }
      }
      for (variable, value) in entry.environment.sorted(by: { $0.key < $1.key }) where old.environment[variable] != value {
        try json.set(path + [environmentKey, variable], to: .string(value))
      }
    } else {
      try json.set(path, to: self.json(entry))
    }
    text = json.text
  }

  func remove(_ name: String, from text: inout EditedText, earlier: EditedText?) throws {
    var json = try JSONText(text, allowsComments: allowsComments)
    guard let present = json[list.map { .key($0) }]?[name] else { return }
    guard ServerEntry(present) != nil else { throw ForeignEntry(name: name) }
    try json.remove((list + [name]).map { .key($0) })
    text = json.text
    try cleanUp(&text, earlier: earlier)
  }

  func cleanUp(_ text: inout EditedText, earlier: EditedText?) throws {
    var json = try JSONText(text, allowsComments: allowsComments)
    try json.removeIfEmpty(list, earlier: earlier)
    text = json.text
  }

  private func json(_ entry: ServerEntry) -> JSON {
    var json = extras
    let arguments = entry.arguments.map { JSON.string($0) }
    if isJoined {
      json["command"] = .array([.string(entry.command)] + arguments)
    } else {
      json["command"] = .string(entry.command)
      json["args"] = .array(arguments)
    }
    let variables = entry.environment.sorted { $0.key < $1.key }.map { ($0.key, JSON.string($0.value)) }
    if !variables.isEmpty { json[environmentKey] = .object(JSONObject(variables)) }
    return .object(json)
  }
}

/// Version 2 of OpenCode also reads the form of version 1, which does not read that of 2.
struct OpenCodeServers: ServerFormat {
  private static let one = JSONServers(list: ["mcp"], extras: ["type": "local", "enabled": true], isJoined: true)
  private static let two = JSONServers(list: ["mcp", "servers"], extras: ["type": "local"], isJoined: true)

  /// `servers` may be a server of that name, which has a type.
  private func form(of text: EditedText) throws -> JSONServers {
    let servers = try JSONText(text, allowsComments: true)[[.key("mcp"), .key("servers")]]
    return servers?.objectValue != nil && servers?["type"]?.stringValue == nil ? Self.two : Self.one
  }

  func servers(in text: EditedText) throws -> [(name: String, entry: ServerEntry)] { try form(of: text).servers(in: text) }

  func install(_ entry: ServerEntry, as name: String, in text: inout EditedText) throws {
    try form(of: text).install(entry, as: name, in: &text)
  }

  func remove(_ name: String, from text: inout EditedText, earlier: EditedText?) throws {
    try form(of: text).remove(name, from: &text, earlier: earlier)
  }
}

/// The name belongs to a server that is no program.
struct ForeignEntry: Error, CustomStringConvertible {
  let name: String

  var description: String { "the entry \"\(name)\" starts no program, so it is another server's: choose another --name" }
}

extension JSONText {
  /// Removes the objects and arrays of a path that are empty, from its end, as far as an earlier text had none there.
  mutating func removeIfEmpty(_ keys: [String], earlier: EditedText?) throws {
    let earlier = earlier.flatMap { try? JSONText($0, allowsComments: true) }
    for count in stride(from: keys.count, to: 0, by: -1) {
      let path = Array(keys.prefix(count))
      if earlier?[path.map { .key($0) }] == nil { try removeIfEmpty(path) }
    }
  }
}
