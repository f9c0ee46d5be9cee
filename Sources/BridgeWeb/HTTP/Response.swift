import Bridge
import JSON
import NIOHTTP1

/// A whole answer.
struct Response: Sendable {
  var status: HTTPResponseStatus
  var headers: HTTPHeaders
  var body: [UInt8]

  init(_ status: HTTPResponseStatus, type: String? = nil, _ headers: HTTPHeaders, _ body: [UInt8]) {
    (self.status, self.headers, self.body) = (status, headers, body)
    if let type { self.headers.add(name: "Content-Type", value: type) }
  }

  static func json(_ json: JSON, _ status: HTTPResponseStatus = .ok) -> Response {
    Response(status, type: "application/json", [:], json.encoded())
  }

  static func text(_ text: String, _ status: HTTPResponseStatus = .ok, type: String = "text/plain; charset=utf-8") -> Response {
    Response(status, type: type, [:], Array(text.utf8))
  }

  /// The head as it is sent.
  ///
  /// - Parameter isFollowed: whether another request may come on the connection.
  func head(_ version: HTTPVersion, isFollowed: Bool) -> HTTPResponseHead {
    var headers = self.headers
    if status != .notModified { headers.add(name: "Content-Length", value: String(body.count)) }
    return Self.head(version, status, headers, isFollowed: isFollowed)
  }

  static func head(_ version: HTTPVersion, _ status: HTTPResponseStatus, _ headers: HTTPHeaders, isFollowed: Bool) -> HTTPResponseHead {
    var headers = headers
    for (name, value) in Self.always { headers.add(name: name, value: value) }
    if !headers.contains(name: "Cache-Control") { headers.add(name: "Cache-Control", value: "no-store") }
    if !isFollowed {
      headers.add(name: "Connection", value: "close")
    } else if version != .http1_1 {
      headers.add(name: "Connection", value: "keep-alive")
    }
    return HTTPResponseHead(version: version, status: status, headers: headers)
  }

  /// The headers of every answer.
  static let always: [(String, String)] = [
    (
      "Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"), ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Opener-Policy", "same-origin"), ("Cross-Origin-Resource-Policy", "same-origin"),
  ]
}

/// Why a request is not served.
struct Refusal: Error, Equatable {
  let status: HTTPResponseStatus
  /// One word for programs.
  let code: String
  /// One sentence for people.
  let message: String
  /// The methods that there are instead.
  var allowed: [String] = []

  init(_ status: HTTPResponseStatus, _ code: String, _ message: String, allowed: [String] = []) {
    (self.status, self.code, self.message, self.allowed) = (status, code, message, allowed)
  }

  static func invalid(_ message: String) -> Refusal { Refusal(.badRequest, "invalid_value", message) }

  static let notFound = Refusal(.notFound, "not_found", "There is nothing at this address.")
  static let badRequest = Refusal(.badRequest, "bad_request", "This is not a request that HTTP/1.1 allows.")
  static let headTooLarge = Refusal(
    .requestHeaderFieldsTooLarge, "head_too_large", "The head of a request has at most \(WebLimits.head >> 10) KiB.")
  static let bodyTooLarge = Refusal(.payloadTooLarge, "body_too_large", "The body of a request has at most \(WebLimits.body >> 20) MiB.")

  /// - Parameter isForProgram: whether JSON is expected.
  func response(isForProgram: Bool) -> Response {
    var response: Response =
      if isForProgram {
        .json(["error": ["code": .string(code), "message": .string(message)]], status)
      } else if self == .notFound {
        .text(
          "<!doctype html><html lang=\"en\"><title>Not found</title><p>\(message) <a href=\"/\">Open the page</a></p></html>\n", status,
          type: "text/html; charset=utf-8")
      } else { .text(message + "\n", status) }
    if !allowed.isEmpty { response.headers.add(name: "Allow", value: allowed.joined(separator: ", ")) }
    return response
  }
}

extension Refusal {
  init(_ error: BridgeError) {
    let (status, code): (HTTPResponseStatus, String) =
      switch error.code {
      case .invalidName: (.badRequest, "invalid_name")
      case .invalidValue: (.badRequest, "invalid_value")
      case .unknownRecipient: (.notFound, "unknown_recipient")
      case .notFound: (.notFound, "not_found")
      case .ambiguous: (.conflict, "ambiguous")
      case .notAllowed: (.forbidden, "not_allowed")
      case .wrongStatus: (.conflict, "wrong_status")
      case .alreadyClaimed: (.conflict, "already_claimed")
      case .keyReused: (.conflict, "key_reused")
      case .storeUnavailable: (.serviceUnavailable, "store_unavailable")
      case .storeTooNew: (.serviceUnavailable, "store_too_new")
      case .storeFailed: (.internalServerError, "store_failed")
      }
    self.init(status, code, error.message)
  }

  /// Where a person looks for a record. The sentence of the domain names the tools that list ids.
  init(_ error: BridgeError, lookingFor record: String) {
    self = error.code == .notFound ? Refusal(.notFound, "not_found", "There is no such \(record) in the store.") : Refusal(error)
  }
}
