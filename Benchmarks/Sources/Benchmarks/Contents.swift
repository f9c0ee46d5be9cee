/// What the large stores are filled with: the same at each run.
struct Contents {
  private var random: Random
  private let words: [String]
  private let thresholds: [Double]
  static let agents = ["code", "cowork", "reviewer", "planner", "tester", "writer", "archivist", "visitor"]

  init() {
    let syllables = [
      "ba", "ke", "lo", "mi", "nu", "ra", "so", "ti", "ve", "zu", "an", "er", "il", "on", "ur", "sta", "pre", "com", "tri", "gen",
    ]
    var words = ["the", "build", "message", "test", "file", "and", "code", "error", "done", "please", "server", "migration"]
    var random = Random(state: 42)
    while words.count < 20_000 {
      var word = ""
      for _ in 0..<Int.random(in: 2...4, using: &random) { word += syllables[Int.random(in: 0..<syllables.count, using: &random)] }
      words.append(word)
    }
    // As often as words are in languages: the n-th 1/n times as often as the first.
    var sum = 0.0
    thresholds = words.indices.map { index in
      sum += 1 / Double(index + 1)
      return sum
    }
    self.words = words
    self.random = random
  }

  private mutating func word() -> String {
    let value = Double.random(in: 0..<thresholds[thresholds.count - 1], using: &random)
    var (low, high) = (0, thresholds.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if thresholds[middle] <= value { low = middle + 1 } else { high = middle }
    }
    return words[low]
  }

  mutating func text(_ length: ClosedRange<Int>) -> String {
    var text = word()
    for _ in 1..<Int.random(in: length, using: &random) { text += " " + word() }
    return text
  }

  /// Eight in ten messages are between `code` and `cowork`; `visitor` has a hundred in all.
  mutating func sides(_ number: Int, of count: Int) -> (sender: String, recipient: String) {
    if number % (count / 50) == 0 { return ("visitor", "code") }
    if number % (count / 50) == 1 { return ("code", "visitor") }
    let common = Int.random(in: 0..<10, using: &random) < 8
    let sender = common ? Int.random(in: 0..<2, using: &random) : Int.random(in: 0..<7, using: &random)
    let recipient = common ? 1 - sender : (sender + Int.random(in: 1..<7, using: &random)) % 7
    return (Self.agents[sender], Self.agents[recipient])
  }

  mutating func id() -> String { uuid(random.next(), random.next()) }

  /// RFC 3339 with milliseconds; spread over the year 2025.
  static func time(_ number: Int, of count: Int) -> String {
    let minutes = number * 28 * 12 * 1_440 / count
    let (days, minute) = minutes.quotientAndRemainder(dividingBy: 1_440)
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "2025-\(two(days / 28 + 1))-\(two(days % 28 + 1))T\(two(minute / 60)):\(two(minute % 60)):00.000Z"
  }
}

/// SplitMix64.
struct Random: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}

func randomID() -> String { uuid(.random(in: 0 ... .max), .random(in: 0 ... .max)) }

private func uuid(_ high: UInt64, _ low: UInt64) -> String {
  let hex = [high, low].map { number in
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }.joined()
  var id = ""
  for (index, digit) in hex.enumerated() {
    if [8, 12, 16, 20].contains(index) { id += "-" }
    id.append(index == 12 ? "4" : index == 16 ? "a" : digit)
  }
  return id
}
