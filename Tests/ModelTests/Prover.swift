import Bridge
import SystemSupport

/// Compares stores with the model, sequence by sequence, until one fails or there were enough.
final class Prover {
  private static let length = 60
  private static let steps = 10_000

  private let benches: [any Bench]
  private let processes = Processes()
  private let seed: UInt64
  private let minutes: Double?
  private let clock = ContinuousClock()
  private var sequences = 0
  private var counts: [String: Int] = [:]

  init(_ benches: [any Bench]) {
    self.benches = benches
    minutes = Environment["COWORK_MODEL_MINUTES"].flatMap(Double.init)
    seed = Environment["COWORK_MODEL_SEED"].flatMap(UInt64.init) ?? (minutes == nil ? 1 : .random(in: 0..<1 << 32))
  }

  private var total: Int { counts.values.reduce(0, +) }

  private var model: Model { Model(benches.map(\.reach)) }

  /// What it did.
  var report: String {
    let verbs = counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    return "\(total) steps in \(sequences) sequences, seed \(seed): \(verbs)"
  }

  /// - Returns: how it failed, with the shortest sequence that does.
  func run() async throws -> String? {
    defer { processes.end() }
    let end = minutes.map { clock.now + .seconds($0 * 60) }
    while end.map({ clock.now < $0 }) ?? (total < Self.steps) {
      let number = UInt64(sequences)
      let steps = Generator.sequence(seed: seed &+ number << 32, length: Self.length, model)
      sequences += 1
      guard let difference = try await difference(steps, isCounted: true) else { continue }
      return try await shrunk(Array(steps.prefix(difference.index + 1)), number, after: total)
    }
    return nil
  }

  struct Difference {
    /// The step that differs.
    var index: Int
    var expected: Outcome
    var found: Outcome
  }

  /// Carries a sequence out on an empty store, and compares. It should be quick, because the store's clock goes on by itself: what differs
  /// after longer counts only if it does so each time.
  private func difference(_ steps: [Step], isCounted: Bool = false) async throws -> Difference? {
    for _ in 0..<2 {
      let start = clock.now
      let difference = try await attempt(steps, isCounted: isCounted)
      if difference == nil || clock.now - start < .seconds(5) { return difference }
    }
    return try await attempt(steps, isCounted: isCounted)
  }

  private func attempt(_ steps: [Step], isCounted: Bool) async throws -> Difference? {
    try await benches[0].wipe()
    let world = World(benches, processes)
    defer { world.end() }
    var model = model
    for (index, step) in steps.enumerated() where model.isPossible(step) {
      if isCounted { counts[step.verb, default: 0] += 1 }
      let before = model
      let expected = model.carryOut(step)
      let found = try await world.carryOut(step, before)
      if !expected.allows(found) { return Difference(index: index, expected: expected, found: found) }
    }
    return nil
  }

  /// Leaves out steps as long as the rest fails too: ever smaller pieces, and in the end each alone.
  private func shrunk(_ steps: [Step], _ number: UInt64, after total: Int) async throws -> String {
    var (steps, size) = (steps, steps.count / 2)
    while size > 0 {
      var start = 0
      var isShorter = false
      while start < steps.count {
        let shorter = Array(steps[..<start] + steps[min(start + size, steps.count)...])
        if let difference = try await difference(shorter) {
          steps = Array(shorter.prefix(difference.index + 1))
          isShorter = true
        } else {
          start += size
        }
      }
      if !isShorter || size > 1 { size /= 2 }
    }
    guard let last = try await difference(steps) else { return "seed \(seed), sequence \(number): it failed once, and not again" }
    return """
      seed \(seed), sequence \(number), after \(total) steps; \(steps.count) steps suffice:
      \(steps.map { "  \($0)" }.joined(separator: "\n"))
      \(lines("expected", last.expected, but: last.found))
      \(lines("found", last.found, but: last.expected))
      """
  }

  private func lines(_ title: String, _ outcome: Outcome, but other: Outcome) -> String {
    let rows = outcome.rows == other.rows ? [] : ["rows:"] + outcome.rows
    return "\(title):\n" + (outcome.reply + rows).map { "  \($0)" }.joined(separator: "\n")
  }
}
