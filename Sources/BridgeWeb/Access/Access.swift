import NIOHTTP1

/// Who may have what served.
struct Access: Sendable {
  enum Decision: Equatable, Sendable {
    case serve(Route, RequestTarget)
    /// The key is traded for the cookie: the browser goes on to an address without it.
    case admit(to: String, setting: String, isForeign: Bool)
    case refuse(Refusal)
  }

  let port: Int
  let secrets: Secrets
  let isReadOnly: Bool

  /// As cookies are not separate for ports, their names are.
  private var cookieName: String { "cowork-web-\(port)" }

  /// The names that this server has. Another one is that of a foreign page whose name now leads here.
  private var hosts: [String] { ["127.0.0.1", "localhost"].map { port == 80 ? $0 : "\($0):\(port)" } }

  func decide(_ head: HTTPRequestHead) -> Decision {
    do throws(Refusal) { return try decision(head) } catch { return .refuse(error) }
  }

  private func decision(_ head: HTTPRequestHead) throws(Refusal) -> Decision {
    let names = head.headers["Host"]
    guard names.count == 1, let host = names.first, hosts.contains(host) else {
      throw Refusal(.misdirectedRequest, "wrong_host", "This server answers to \(hosts.joined(separator: " and ")) only.")
    }
    let target = try RequestTarget(head.uri)
    if target.path == "/\(PageFiles.icon)", [.GET, .HEAD].contains(head.method) { return .serve(.file(PageFiles.icon), target) }
    if head.method == .GET, let key = try target["key"], secrets.isKey(key), try Route.find(.GET, target) == .page {
      let cookie = "\(cookieName)=\(secrets.cookie); HttpOnly; SameSite=Strict; Path=/"
      let site = head.headers["Sec-Fetch-Site"].first
      return .admit(to: try target.removing("key"), setting: cookie, isForeign: site == "cross-site" || site == "same-site")
    }
    let isMetrics = target.path == "/metrics"
    guard holdsCookie(head) || isMetrics && holdsBearer(head) else {
      throw Refusal(
        .forbidden, "no_key",
        isMetrics
          ? "Send the key, which stands in the address that `cowork-code-mcp-server web` printed, as `Authorization: Bearer KEY`."
          : "Open the address that `cowork-code-mcp-server web` printed.")
    }
    let route = try Route.find(head.method, target)
    // Pages of other ports of this machine are of the same site: their requests carry the cookie.
    if let site = head.headers["Sec-Fetch-Site"].first, !["same-origin", "none"].contains(site), route != .page {
      throw Refusal(.forbidden, "foreign_origin", "Another page may not ask for this.")
    }
    guard route.writes else { return .serve(route, target) }
    guard head.headers["Origin"] == ["http://\(host)"] else {
      throw Refusal(.forbidden, "foreign_origin", "The header Origin must be http://\(host).")
    }
    if isReadOnly { throw Refusal(.forbidden, "read_only", "This server was started with --read-only.") }
    let type = head.headers["Content-Type"].first?.prefix { $0 != ";" }.trimmed.lowercased()
    guard type == "application/json" else {
      throw Refusal(.unsupportedMediaType, "not_json", "The header Content-Type must be application/json.")
    }
    return .serve(route, target)
  }

  private func holdsCookie(_ head: HTTPRequestHead) -> Bool {
    head.headers["Cookie"].flatMap { $0.split(separator: ";") }.contains { pair in
      let parts = pair.trimmed.split(separator: "=", maxSplits: 1)
      return parts.count == 2 && parts[0] == cookieName && secrets.isCookie(String(parts[1]))
    }
  }

  private func holdsBearer(_ head: HTTPRequestHead) -> Bool {
    let words = head.headers["Authorization"].first?.split(separator: " ") ?? []
    return words.count == 2 && words[0].lowercased() == "bearer" && secrets.isKey(String(words[1]))
  }
}

extension StringProtocol {
  fileprivate var trimmed: Substring {
    let end = lastIndex { $0 != " " && $0 != "\t" }.map { index(after: $0) } ?? startIndex
    return Substring(self[..<end].drop { $0 == " " || $0 == "\t" })
  }
}
