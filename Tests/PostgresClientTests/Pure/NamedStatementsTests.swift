import Testing

@testable import PostgresClient

@Suite struct NamedStatementsTests {
  private let key = NamedStatements.Key(text: "SELECT $1", types: [20])

  @Test func aNameIsGivenAtTheSecondUse() {
    var names = NamedStatements()
    #expect(names.use(of: key) == .unnamed)
    #expect(names.use(of: key) == .prepare(name: "s1"))
    #expect(names.use(of: key) == .unnamed, "while another call gives it")
    names.prepared(key, as: "s1")
    #expect(names.use(of: key) == .named("s1"))
    #expect(names.use(of: .init(text: "SELECT $1", types: [701])) == .unnamed, "other types are another statement")
  }

  @Test func aNameIsNeverGivenTwice() {
    var names = NamedStatements()
    _ = names.use(of: key)
    #expect(names.use(of: key) == .prepare(name: "s1"))
    names.failed(key)
    #expect(names.use(of: key) == .unnamed)
    #expect(names.use(of: key) == .prepare(name: "s2"))
    names.prepared(key, as: "s2")
    names.forgetAll()
    #expect(names.use(of: key) == .unnamed)
    #expect(names.use(of: key) == .prepare(name: "s3"))
  }

  @Test func thereAreNotAnyNumberOfThem() {
    var names = NamedStatements()
    for number in 0..<NamedStatements.maximumCount { _ = names.use(of: .init(text: "SELECT \(number)", types: [])) }
    for _ in 0..<3 { #expect(names.use(of: key) == .unnamed) }
    #expect(names.use(of: .init(text: "SELECT 0", types: [])) == .prepare(name: "s1"))
  }
}
