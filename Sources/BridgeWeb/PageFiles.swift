import NIOHTTP1

/// The files of the page: the folder `Page`, carried by the program.
enum PageFiles {
  /// One file, ready to be sent.
  struct File: Sendable {
    let type: String
    let bytes: [UInt8]
    /// Changes with the contents.
    let tag: String

    fileprivate init(_ name: Substring, _ bytes: [UInt8]) {
      self.bytes = bytes
      type =
        switch name.split(separator: ".").last {
        case "html": "text/html; charset=utf-8"
        case "css": "text/css; charset=utf-8"
        case "js": "text/javascript; charset=utf-8"
        case "svg": "image/svg+xml"
        default: "application/octet-stream"
        }
      // FNV-1a.
      let hash = bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
      tag = "\"\(String(hash, radix: 16))\""
    }
  }

  static let page = "page.html"
  static let icon = "favicon.svg"

  /// By their names.
  static let all: [String: File] = Dictionary(
    uniqueKeysWithValues: [
      ("address.js", PackageResources.address_js),
      ("agentlist.js", PackageResources.agentlist_js),
      ("agents.js", PackageResources.agents_js),
      ("api.js", PackageResources.api_js),
      ("composer.js", PackageResources.composer_js),
      ("connection.js", PackageResources.connection_js),
      ("conversation.js", PackageResources.conversation_js),
      ("conversations.css", PackageResources.conversations_css),
      ("create.js", PackageResources.create_js),
      ("drawer.js", PackageResources.drawer_js),
      ("element.js", PackageResources.element_js),
      ("entry.js", PackageResources.entry_js),
      ("favicon.svg", PackageResources.favicon_svg),
      ("lists.css", PackageResources.lists_css),
      ("names.js", PackageResources.names_js),
      ("notices.js", PackageResources.notices_js),
      ("page.css", PackageResources.page_css),
      ("page.html", PackageResources.page_html),
      ("page.js", PackageResources.page_js),
      ("records.js", PackageResources.records_js),
      ("search.js", PackageResources.search_js),
      ("tasks.css", PackageResources.tasks_css),
      ("tasks.js", PackageResources.tasks_js),
      ("text.js", PackageResources.text_js),
      ("time.js", PackageResources.time_js),
      ("transcript.js", PackageResources.transcript_js),
    ].map { ($0, File($0[...], $1)) })

  /// - Parameter known: the tag that the browser has, as `If-None-Match` names it.
  static func response(_ name: String, known: String?) -> Response? {
    guard let file = all[name] else { return nil }
    // A browser asks each time whether its copy is still good.
    let headers: HTTPHeaders = ["Cache-Control": "no-cache", "ETag": file.tag]
    if known == file.tag { return Response(.notModified, headers, []) }
    return Response(.ok, type: file.type, headers, file.bytes)
  }
}
