import JSON

/// Servers as tables `[mcp_servers.NAME]`. Comments and the order of everything else survive.
struct TOMLServers: ServerFormat {
  private static let list = "mcp_servers"
  let language = "TOML"

  func servers(in text: EditedText) throws -> [(name: String, entry: ServerEntry)] {
    var all: JSONObject = [:]
    for table in try TOMLScanner.tables(of: text) where !table.isElement {
      for pair in table.pairs { all.set(table.path + pair.keys, to: pair.value) }
    }
    return (all[Self.list]?.objectValue?.members ?? []).compactMap { member in ServerEntry(member.value).map { (member.key, $0) } }
  }

  func install(_ entry: ServerEntry, as name: String, in text: inout EditedText) throws {
    guard let table = try table(name, in: text) else { return try append(entry, name, to: &text) }
    let old = try server(name, in: text)
    guard old != nil || table.pairs.isEmpty else { throw ForeignEntry(name: name) }
    if old?.command != entry.command { try set("command", to: .string(entry.command), name, in: &text) }
    if old?.arguments ?? [] != entry.arguments {
      try set("args", to: .array(entry.arguments.map { .string($0) }), name, in: &text)
    }
    try setVariables(entry, name, in: &text)
  }

  func remove(_ name: String, from text: inout EditedText, earlier: EditedText?) throws {
    _ = try table(name, in: text)
    let ours = try TOMLScanner.tables(of: text).filter { $0.path.starts(with: [Self.list, name]) }
    for table in ours.reversed() {
      let bytes = text.bytes
      // With the rest of its last line, and the empty line before it.
      let end = bytes[table.end...].firstIndex(of: 0x0A).map { $0 + 1 } ?? bytes.count
      let rest = bytes[table.end..<end]
      let isCommented = rest.contains(UInt8(ascii: "#"))
      var start = table.start
      for line in [[0x0D, 0x0A], [0x0A]] as [[UInt8]]
      where start == table.start && bytes[..<start].reversed().starts(with: (line + line).reversed()) {
        start -= line.count
      }
      text.replace(start..<(isCommented ? table.end : end), by: [])
    }
  }

  // MARK: Places

  /// - Throws: where the server is written in another form than as a table of its own.
  private func table(_ name: String, in text: EditedText) throws -> TOMLTable? {
    let tables = try TOMLScanner.tables(of: text)
    let path = [Self.list, name]
    let other = tables.contains { table in
      (table.isElement && (path.starts(with: table.path) || table.path.starts(with: path)))
        || (table.path.count < 2
          && table.pairs.contains { pair in
            let full = table.path + pair.keys
            return full == [Self.list] || full.starts(with: path)
          })
    }
    let own = tables.filter { $0.path == path }
    if other || own.count > 1 {
      throw TOMLError(description: "It does not list the server as one table [\(Self.list).\(name)]: write it so.")
    }
    return own.first
  }

  // MARK: Changes

  private func append(_ entry: ServerEntry, _ name: String, to text: inout EditedText) throws {
    let hasEnvironment = try TOMLScanner.tables(of: text).contains { $0.path == [Self.list, name, "env"] }
    let arguments = entry.arguments.map(quoted).joined(separator: ", ")
    var lines = ["[\(Self.list).\(name)]", "command = \(quoted(entry.command))", "args = [\(arguments)]"]
    if !hasEnvironment, !entry.environment.isEmpty {
      lines += ["", "[\(Self.list).\(name).env]"] + entry.environment.sorted { $0.key < $1.key }.map { "\($0.key) = \(quoted($0.value))" }
    }
    let end = text.bytes.count
    if end > text.markLength { lines.insert("", at: 0) }
    if end > text.markLength, text.bytes.last != 0x0A { lines.insert("", at: 0) }
    text.replace(end..<end, by: lines.flatMap { Array($0.utf8) + text.lineEnd })
    if hasEnvironment { try setVariables(entry, name, in: &text) }
  }

  /// Replaces a pair of the server's table, or adds it as the last one.
  private func set(_ key: String, to value: JSON, _ name: String, in text: inout EditedText) throws {
    guard let table = try table(name, in: text) else { return }
    let new =
      value.arrayValue.map { "[\($0.compactMap(\.stringValue).map(quoted).joined(separator: ", "))]" } ?? quoted(value.stringValue ?? "")
    if let pair = table.pairs.first(where: { $0.keys == [key] }) {
      text.replace(pair.whole, by: text.bytes[pair.whole.lowerBound..<pair.valueRange.lowerBound] + Array(new.utf8))
    } else {
      addLine("\(key) = \(new)", behind: table.end, in: &text)
    }
  }

  private func setVariables(_ entry: ServerEntry, _ name: String, in text: inout EditedText) throws {
    let old = try server(name, in: text)?.environment ?? [:]
    for (variable, value) in entry.environment.sorted(by: { $0.key < $1.key }) where old[variable] != value {
      try setVariable(variable, to: value, name, in: &text)
    }
  }

  /// In the form that the server's environment has already, else in a table.
  private func setVariable(_ variable: String, to value: String, _ name: String, in text: inout EditedText) throws {
    guard let server = try table(name, in: text) else { return }
    let new = "\(variable) = \(quoted(value))"
    if let table = try TOMLScanner.tables(of: text).first(where: { $0.path == [Self.list, name, "env"] }) {
      if let pair = table.pairs.first(where: { $0.keys == [variable] }) { return text.replace(pair.whole, by: Array(new.utf8)) }
      addLine(new, behind: table.end, in: &text)
    } else if let pair = server.pairs.first(where: { $0.keys == ["env"] }) {
      var all = pair.value.objectValue ?? [:]
      all[variable] = .string(value)
      guard all.members.allSatisfy({ $0.value.stringValue != nil }), !text.bytes[pair.valueRange].contains(0x0A) else {
        throw TOMLError(description: "The env of the server is no line of strings: write it as a table [\(Self.list).\(name).env].")
      }
      let members = all.members.map { "\($0.key.isBare ? $0.key : quoted($0.key)) = \(quoted($0.value.stringValue ?? ""))" }
      text.replace(pair.valueRange, by: Array("{ \(members.joined(separator: ", ")) }".utf8))
    } else if let pair = server.pairs.first(where: { $0.keys == ["env", variable] }) {
      text.replace(pair.whole, by: Array("env.\(new)".utf8))
    } else if let pair = server.pairs.last(where: { $0.keys.first == "env" }) {
      addLine("env.\(new)", behind: pair.whole.upperBound, in: &text)
    } else {
      let end = String(decoding: text.lineEnd, as: UTF8.self)
      addLine("\(end)[\(Self.list).\(name).env]\(end)\(new)", behind: server.end, in: &text)
    }
  }

  /// Below the line of a place.
  private func addLine(_ line: String, behind place: Int, in text: inout EditedText) {
    let end = text.bytes[place...].firstIndex { $0 == 0x0A || $0 == 0x0D } ?? text.bytes.count
    text.replace(end..<end, by: text.lineEnd + Array(line.utf8))
  }

  /// What JSON escapes, TOML reads.
  private func quoted(_ value: String) -> String { String(decoding: JSON.string(value).encoded(), as: UTF8.self) }
}

extension String {
  /// Whether TOML takes it for a key as it is.
  fileprivate var isBare: Bool {
    !isEmpty && allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) || $0 == "_" || $0 == "-" }
  }
}
