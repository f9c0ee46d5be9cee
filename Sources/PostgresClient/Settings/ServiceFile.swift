import SystemSupport

/// The connection service file (PostgreSQL manual, "The Connection Service File"). libpq reads it, but does not tell what it sets from its
/// own defaults.
enum ServiceFile {
  static func sets(_ keyword: String, for service: String) -> Bool {
    let own = Environment["PGSERVICEFILE"] ?? FileSystem.homeFolder + "/.pg_service.conf"
    // Elsewhere than on Debian libpq may have been built with another folder.
    let ofTheSystem = (Environment["PGSYSCONFDIR"] ?? "/etc/postgresql-common") + "/pg_service.conf"
    for path in [own, ofTheSystem] {
      if let section = section(service, of: path) { return section.contains { $0.hasPrefix("\(keyword)=") } }
    }
    return false
  }

  private static func section(_ name: String, of path: String) -> [Substring]? {
    guard let file = try? FileDescriptor.open(path, .readOnly) else { return nil }
    defer { try? file.close() }
    guard let bytes = try? file.readToEnd() else { return nil }
    let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).map { line in
      line.drop { $0.isWhitespace }
    }
    guard let start = lines.firstIndex(where: { $0.hasPrefix("[\(name)]") }) else { return nil }
    return Array(lines[(start + 1)...].prefix { !$0.hasPrefix("[") })
  }
}
