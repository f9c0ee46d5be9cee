import JSON

/// Servers as tables `[mcp_servers.NAME]`. Comments and the order of everything else survive.
struct TOMLServers: ServerFormat {
  private static let list = "mcp_servers"
  let language = "TOML"

  func servers(in text: EditedText) throws -> [(name: String, entry: ServerEntry)] {
    servers(in: try TOMLScanner.tables(Self.list, in: text)).compactMap { member in ServerEntry(member.value).map { (member.key, $0) } }
  }

  private func servers(in tables: [TOMLTable]) -> [(key: String, value: JSON)] {
    let pairs = tables.filter { !$0.isElement }.flatMap { table in table.pairs.map { ((table.path + $0.keys)[...], $0.value) } }
    return JSONObject(pairs: pairs)[Self.list]?.objectValue?.members ?? []
  }

  func install(_ entry: ServerEntry, as name: String, in text: inout EditedText) throws {
    let tables = try TOMLScanner.tables(Self.list, in: text)
    try checkForm(of: name, tables, text)
    let old = ServerEntry(servers(in: tables).first { $0.key == name }?.value)
    let server = tables.first { $0.path == [Self.list, name] }
    if let server, old == nil, !server.pairs.isEmpty { throw ForeignEntry(name: name) }
    let variables = entry.environment.sorted { $0.key < $1.key }.filter { old?.environment[$0.key] != $0.value }
    var changes = Changes(text: text)
    if let server {
      if old?.command != entry.command { changes.set("command", to: quoted(entry.command), in: server) }
      if old?.arguments ?? [] != entry.arguments { changes.set("args", to: array(entry.arguments), in: server) }
    }
    let hasTable = try set(variables, name, tables, server, &changes)
    if server == nil { changes.append(table(entry, name, withEnvironment: !hasTable)) }
    text = changes.made
  }

  func remove(_ name: String, from text: inout EditedText, earlier: EditedText?) throws {
    let tables = try TOMLScanner.tables(Self.list, in: text)
    let server = servers(in: tables).first { $0.key == name }
    let ours = tables.filter { $0.path.starts(with: [Self.list, name]) }
    if server == nil, ours.isEmpty { return }
    if ServerEntry(server?.value) == nil { throw ForeignEntry(name: name) }
    try checkForm(of: name, tables, text)
    for table in ours.reversed() { text.removeLines(table.start..<table.end) }
  }

  // MARK: The form

  /// - Throws: where the server is written in another form than as a table of its own.
  private func checkForm(of name: String, _ tables: [TOMLTable], _ text: EditedText) throws(TOMLError) {
    let path = [Self.list, name]
    for table in tables {
      if table.isElement, path.starts(with: table.path) || table.path.starts(with: path) {
        let header = table.path.joined(separator: ".")
        let instead = table.path.count > 1 ? header : "\(header).NAME"
        throw TOMLError(at: table.start, in: text.bytes, "begins an element of a list, [[\(header)]]: write a table instead, [\(instead)].")
      }
      for pair in table.pairs where table.path.count < path.count {
        let full = table.path + pair.keys
        if full == [Self.list] {
          throw TOMLError(
            at: pair.whole.lowerBound, in: text.bytes,
            "gives \(Self.list) a value, to which no table can be added: remove it, and write each server in it as a table of its own, "
              + "a line [\(Self.list).NAME] and below it command = \"…\" and the others.")
        }
        if full.starts(with: path) {
          throw TOMLError(
            at: pair.whole.lowerBound, in: text.bytes,
            "writes the server \"\(name)\" \(full == path ? "as a value" : "by dotted keys"): write it as a table of its own instead, "
              + "at the end of the file a line [\(Self.list).\(name)] and below it command = \"…\" and the others.")
        }
      }
    }
  }

  // MARK: Changes

  private func table(_ entry: ServerEntry, _ name: String, withEnvironment: Bool) -> [String] {
    let lines = ["[\(Self.list).\(name)]", "command = \(quoted(entry.command))", "args = \(array(entry.arguments))"]
    if !withEnvironment || entry.environment.isEmpty { return lines }
    let variables = entry.environment.sorted { $0.key < $1.key }
    return lines + ["", "[\(Self.list).\(name).env]"] + variables.map { "\($0.key) = \(quoted($0.value))" }
  }

  /// Writes variables in the form that the server's environment has already, else into a table.
  ///
  /// - Returns: whether there is a table of the environment, without one of the server perhaps.
  private func set(
    _ variables: [(key: String, value: String)], _ name: String, _ tables: [TOMLTable], _ server: TOMLTable?, _ changes: inout Changes
  ) throws -> Bool {
    if let table = tables.first(where: { $0.path == [Self.list, name, "env"] }) {
      for (variable, value) in variables { changes.set(variable, to: quoted(value), in: table) }
      return true
    }
    guard let server, !variables.isEmpty else { return false }
    if let pair = server.pairs.first(where: { $0.keys == ["env"] }) {
      var all = pair.value.objectValue ?? [:]
      for (variable, value) in variables { all[variable] = .string(value) }
      guard all.members.allSatisfy({ $0.value.stringValue != nil }), !changes.text.bytes[pair.valueRange].contains(0x0A) else {
        throw TOMLError(
          at: pair.whole.lowerBound, in: changes.text.bytes,
          "has an env that is no line of strings: write it as a table [\(Self.list).\(name).env].")
      }
      let members = all.members.map { "\($0.key.isBareKey ? $0.key : quoted($0.key)) = \(quoted($0.value.stringValue ?? ""))" }
      changes.replace(pair.valueRange, by: "{ \(members.joined(separator: ", ")) }")
    } else if let last = server.pairs.last(where: { $0.keys.first == "env" }) {
      for (variable, value) in variables {
        if let pair = server.pairs.first(where: { $0.keys == ["env", variable] }) {
          changes.replace(pair.valueRange, by: quoted(value))
        } else {
          changes.addLines(["env.\(variable) = \(quoted(value))"], behind: last.whole.upperBound)
        }
      }
    } else {
      changes.addLines(["", "[\(Self.list).\(name).env]"] + variables.map { "\($0.key) = \(quoted($0.value))" }, behind: server.end)
    }
    return false
  }

  /// What JSON escapes, TOML reads.
  private func quoted(_ value: String) -> String { String(decoding: JSON.string(value).encoded(), as: UTF8.self) }
  private func array(_ values: [String]) -> String { "[\(values.map(quoted).joined(separator: ", "))]" }
}

/// Changes of a text by places in it as it is.
private struct Changes {
  let text: EditedText
  private var changes: [(place: Range<Int>, new: [UInt8])] = []

  init(text: EditedText) { self.text = text }

  var made: EditedText {
    var made = text
    // From the end, so that the other places stay valid.
    let order = changes.indices.sorted { (changes[$0].place.lowerBound, $0) > (changes[$1].place.lowerBound, $1) }
    for index in order { made.replace(changes[index].place, by: changes[index].new) }
    return made
  }

  mutating func replace(_ place: Range<Int>, by new: String) { changes.append((place, Array(new.utf8))) }

  /// Gives a pair of a table another value, or adds it as the last one.
  mutating func set(_ key: String, to value: String, in table: TOMLTable) {
    if let pair = table.pairs.first(where: { $0.keys == [key] }) {
      let old = String(decoding: text.bytes[pair.whole.lowerBound..<pair.valueRange.lowerBound], as: UTF8.self)
      replace(pair.whole, by: old + value)
    } else {
      addLines(["\(key) = \(value)"], behind: table.end)
    }
  }

  /// Below the line of a place.
  mutating func addLines(_ lines: [String], behind place: Int) {
    let end = text.bytes[place...].firstIndex { $0 == 0x0A || $0 == 0x0D } ?? text.bytes.count
    changes.append((end..<end, lines.flatMap { text.lineEnd + Array($0.utf8) }))
  }

  /// Behind an empty line. The last line ends only if that of the text does.
  mutating func append(_ lines: [String]) {
    let end = text.bytes.count
    let isEmpty = end == text.markLength
    let isOpen = !isEmpty && text.bytes.last != 0x0A
    let joined = Array(lines.map { Array($0.utf8) }.joined(separator: text.lineEnd))
    let before = isEmpty ? [] : isOpen ? text.lineEnd + text.lineEnd : text.lineEnd
    changes.append((end..<end, before + joined + (isOpen ? [] : text.lineEnd)))
  }
}

extension EditedText {
  /// Removes the lines of a part, and the empty line before it unless it separates what is left.
  fileprivate mutating func removeLines(_ part: Range<Int>) {
    let end = bytes[part.upperBound...].firstIndex(of: 0x0A).map { $0 + 1 } ?? bytes.count
    let isOpen = bytes.last != 0x0A
    var start = part.lowerBound
    if end == bytes.count || lineEndLength(at: end) > 0 { start = emptyLine(before: start) }
    // The last line goes on having no end.
    if end == bytes.count, isOpen { start -= lineEndLength(before: start) }
    replace(start..<(start == markLength ? end + lineEndLength(at: end) : end), by: [])
  }

  private func emptyLine(before place: Int) -> Int {
    let start = place - lineEndLength(before: place)
    return start == markLength || lineEndLength(before: start) > 0 ? start : place
  }

  private func lineEndLength(before place: Int) -> Int {
    guard place > markLength, bytes[place - 1] == 0x0A else { return 0 }
    return place - 1 > markLength && bytes[place - 2] == 0x0D ? 2 : 1
  }

  private func lineEndLength(at place: Int) -> Int {
    let rest = bytes[place...].prefix(2)
    return rest.elementsEqual([0x0D, 0x0A]) ? 2 : rest.first == 0x0A ? 1 : 0
  }
}
