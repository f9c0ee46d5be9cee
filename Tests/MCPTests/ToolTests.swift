import JSON
import Testing

@testable import MCP

private enum Status: String, CaseIterable, Sendable { case open, done }

private struct Inner: StructuredOutput {
  let id: Int
  static let schema = ObjectSchema<Self> { Field("id", .integer, \.id) }
}

private struct Outer: StructuredOutput {
  var text = "t"
  var maybe: String?
  var left: String?
  var inner = Inner(id: 1)
  var many = [Inner(id: 2), Inner(id: 3)]
  var flag = true
  var number = 1.5
  var any = JSON.null

  static let schema = ObjectSchema<Self> {
    Field("text", .string, \.text)
    Field("maybe", .nullable(.string), \.maybe)
    Field(optional: "left", .string, \.left)
    Field("inner", .object(), \.inner)
    Field("many", .array(.object()), \.many)
    Field("flag", .boolean, \.flag)
    Field("number", .number, \.number)
    Field("any", .json, \.any)
    Field("length", FieldType<Int>.integer.mapping { (text: String) in text.count }, \.text)
  }
}

private struct WithUnread<Output: StructuredOutput>: StructuredOutput {
  let output: Output
  let unread: Inner?
  static var schema: ObjectSchema<Self> {
    ObjectSchema {
      Output.schema.embedded(at: \Self.output)
      Field(optional: "unread", .object(), \.unread)
    }
  }
}

private let everything = Tool(
  "everything", description: "All kinds.",
  parameters: Parameter.string("to", aliases: ["recipient"], "Who.", keywords: ["minLength": 1])
    .mapping(to: "a short name") { $0.count < 6 ? $0.uppercased() : nil },
  Parameter.string("note", "A note.").optional(), Parameter.integer("limit", "How many.", in: 1...200, default: 50),
  Parameter.boolean("mark", "Whether.", default: true), Parameter.enumeration("status", "Which.", of: Status.self).optional(),
  returns: Text.self
) { _, to, note, limit, mark, status in
  ToolReply(Text(text: "\(to) \(note ?? "-") \(limit) \(mark) \(status?.rawValue ?? "-")"))
}

@Suite struct ToolTests {
  private func run(_ arguments: JSON) async throws -> String {
    let values = try #require(arguments.objectValue)
    let reply = try await everything.prepare(values)(ToolCall(client: nil, arrival: .now) { _ in })
    return try #require(reply.output["text"]?.stringValue)
  }

  @Test(
    arguments: [
      (["to": "a"], "A - 50 true -"), (["recipient": "b"], "B - 50 true -"), (["to": "a", "recipient": "a"], "A - 50 true -"),
      (["to": "a", "limit": 5.0], "A - 5 true -"), (["to": "a", "limit": 200], "A - 200 true -"),
      (["to": "a", "note": ""], "A - 50 true -"), (["to": "a", "note": nil, "recipient": nil, "limit": nil, "mark": nil], "A - 50 true -"),
      (["to": nil, "recipient": "b", "limit": "", "mark": "", "status": ""], "B - 50 true -"), (["to": ""], " - 50 true -"),
      (["to": "a", "limit": "5", "mark": "false"], "A - 5 false -"), (["to": "a", "limit": "200", "mark": "true"], "A - 200 true -"),
      (["to": "a", "mark": false, "status": "done", "note": "n"], "A n 50 false done"),
    ] as [(JSON, String)])
  func argumentsAreDecoded(_ arguments: JSON, _ text: String) async throws {
    #expect(try await run(arguments) == text)
  }

  @Test(
    arguments: [
      ([:], "The argument `to` of everything is missing: pass a short name."),
      (["to": nil], "The argument `to` of everything is missing: pass a short name."),
      (["to": 7], "The argument `to` of everything must be a short name, not 7."),
      (["recipient": [:]], "The argument `recipient` of everything must be a short name, not an object."),
      (["to": "123456"], "The argument `to` of everything must be a short name, not \"123456\"."),
      (["to": "a", "recipient": "b"], "The arguments `to` and `recipient` of everything mean the same, and they differ: pass only `to`."),
      (["to": "a", "limit": 0], "The argument `limit` of everything must be a whole number from 1 to 200, not 0."),
      (["to": "a", "limit": "201"], "The argument `limit` of everything must be a whole number from 1 to 200, not \"201\"."),
      (["to": "a", "limit": "10.5"], "The argument `limit` of everything must be a whole number from 1 to 200, not \"10.5\"."),
      (["to": "a", "limit": " 10"], "The argument `limit` of everything must be a whole number from 1 to 200, not \" 10\"."),
      (["to": "a", "mark": "yes"], "The argument `mark` of everything must be true or false, not \"yes\"."),
      (["to": "a", "note": 5], "The argument `note` of everything must be a string, not 5."),
      (
        ["to": .brokenString("a\u{FFFD}")],
        "The argument `to` of everything contains half of a surrogate pair (such as \\ud83d), which is not text: remove it."
      ),
      (["to": "a", "limit": 1.5], "The argument `limit` of everything must be a whole number from 1 to 200, not 1.5."),
      (["to": "a", "limit": true], "The argument `limit` of everything must be a whole number from 1 to 200, not true."),
      (["to": "a", "limit": 1e30], "The argument `limit` of everything must be a whole number from 1 to 200, not 1e+30."),
      (["to": "a", "mark": 1], "The argument `mark` of everything must be true or false, not 1."),
      (["to": "a", "status": "gone"], "The argument `status` of everything must be one of open or done, not \"gone\"."),
      (
        ["to": "a", "colour": "red"],
        "The argument \"colour\" is unknown to everything: it takes to, note, limit, mark and status."
      ),
    ] as [(JSON, String)])
  func argumentsThatDoNotFitAreRefusedBySentencesThatNameThem(_ arguments: JSON, _ message: String) async {
    await #expect(throws: ToolFailure(message)) { try await run(arguments) }
  }

  @Test func theInputSchemaComesFromTheParameters() {
    #expect(
      everything.inputSchema == [
        "type": "object",
        "properties": [
          "to": ["type": "string", "minLength": 1, "description": "Who."],
          "note": ["type": "string", "description": "A note."],
          "limit": ["type": "integer", "minimum": 1, "maximum": 200, "default": 50, "description": "How many."],
          "mark": ["type": "boolean", "default": true, "description": "Whether."],
          "status": ["type": "string", "enum": ["open", "done"], "description": "Which."],
        ], "required": ["to"], "additionalProperties": false,
      ])
    let properties = everything.inputSchema["properties"]?.objectValue?.keys
    #expect(properties == ["to", "note", "limit", "mark", "status"])
  }

  @Test func aRequiredParameterIsListedAsRequired() {
    let tool = Tool("t", description: "d", parameters: Parameter.boolean("b", "B."), returns: Text.self) { _, _ in ToolReply(Text(text: ""))
    }
    #expect(tool.inputSchema["required"] == ["b"])
    let none = Tool("t", description: "d", returns: Text.self) { _ in ToolReply(Text(text: "")) }
    #expect(none.inputSchema == ["type": "object", "properties": [:], "additionalProperties": false])
  }

  @Test func theOutputSchemaComesFromTheFields() throws {
    let properties = try #require(Outer.schema.json["properties"])
    #expect(properties["text"] == ["type": "string"])
    #expect(properties["maybe"] == ["type": ["string", "null"]])
    #expect(properties["many"]?["items"]?["properties"]?["id"] == ["type": "integer"])
    #expect(properties["any"] == [:])
    let required = Outer.schema.json["required"]
    #expect(required == ["text", "maybe", "inner", "many", "flag", "number", "any", "length"])
  }

  @Test func outputsAreEncodedInTheOrderOfTheFields() {
    let encoded = String(decoding: Outer.schema.encode(Outer()).encoded(), as: UTF8.self)
    #expect(
      encoded == #"{"text":"t","maybe":null,"inner":{"id":1},"many":[{"id":2},{"id":3}],"flag":true,"#
        + #""number":1.5,"any":null,"length":1}"#)
    let full = String(decoding: Outer.schema.encode(Outer(maybe: "m", left: "l")).encoded(), as: UTF8.self)
    #expect(full.hasPrefix(#"{"text":"t","maybe":"m","left":"l","inner":"#))
  }

  @Test func schemasCompose() throws {
    let schema = WithUnread<Inner>.schema
    #expect(schema.json["properties"]?.objectValue?.keys == ["id", "unread"])
    #expect(schema.json["required"] == ["id"])
    #expect(schema.encode(WithUnread(output: Inner(id: 1), unread: Inner(id: 2))) == ["id": 1, "unread": ["id": 2]])
    #expect(schema.encode(WithUnread(output: Inner(id: 1), unread: nil)) == ["id": 1])
  }

  @Test(arguments: [
    ("a_B-9", true), ("", false), ("a.b", false), ("é", false), (String(repeating: "x", count: 64), true),
    (String(repeating: "x", count: 65), false),
  ])
  func toolNamesHaveAForm(_ name: String, _ isValid: Bool) {
    #expect(Tool.isValidName(name) == isValid)
  }

  @Test(
    arguments: [
      ("test://items/{id}", "test://items/7", "7"), ("test://items/{id}", "test://items/a%20b%C3%A9", "a bé"),
      ("test://items/{id}", "test://items/", nil), ("test://items/{id}", "test://items/a/b", nil),
      ("test://items/{id}", "test://items/%zz", nil), ("test://items/{id}", "test://items/%f", nil),
      ("test://items/{id}", "test://items/%ff", nil), ("test://items/{id}", "other://items/7", nil), ("a:{x}", "a:+5", nil),
    ] as [(String, String, String?)])
  func uriTemplatesMatch(_ template: String, _ uri: String, _ value: String?) throws {
    #expect(try #require(URITemplate(template)).match(uri) == value)
  }

  @Test(arguments: ["a:{x}{y}", "a:{", "a:}", "a:{}", "a:{+x}", "a:{x}/{x}", "a:{x*}", "a:{x}/b", "a:b"])
  func otherURITemplatesAreRefused(_ template: String) {
    #expect(URITemplate(template) == nil)
  }
}
