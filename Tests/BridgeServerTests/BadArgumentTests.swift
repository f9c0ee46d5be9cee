import MCP
import Testing

@Suite struct BadArgumentTests {
  /// One server for all cases of this suite. Nothing is ever written to its store, so the cases are independent.
  private static let shared = Task { try SharedConnection(home: TemporaryStore()) }

  @Test func theGeneratedCasesAreManyAndCoverEveryTool() {
    #expect(BadArgument.all.count >= 300)
    #expect(Set(BadArgument.all.map(\.tool)).count == 8)
  }

  @Test(arguments: BadArgument.all)
  func aBadArgumentIsNamedAndNothingIsWritten(_ bad: BadArgument) async throws {
    let shared = try await Self.shared.value
    let (sentence, before, after) = try await shared.fail(bad)
    #expect(sentence.contains(bad.argument), "\(sentence)")
    #expect(sentence.hasSuffix(".") && !sentence.contains("\n"), "one sentence: \(sentence)")
    #expect(sentence.utf8.count < 600, "the error repeats what was sent: \(sentence.prefix(100))…")
    #expect(before == after, "something was written")
  }
}

/// Runs one case at a time.
private actor SharedConnection {
  private let home: TemporaryStore
  private var connection: Connection?
  private var isBusy = false
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(home: TemporaryStore) throws { self.home = home }

  func fail(_ bad: BadArgument) async throws -> (sentence: String, before: StoreContents, after: StoreContents) {
    if isBusy { await withCheckedContinuation { waiting.append($0) } }
    isBusy = true
    defer { if waiting.isEmpty { isBusy = false } else { waiting.removeFirst().resume() } }
    if connection == nil { connection = try await .open(home) }
    let before = try await StoreContents(home)
    let sentence = try await connection!.fail(bad.tool, bad.arguments)
    return (sentence, before, try await StoreContents(home))
  }
}
