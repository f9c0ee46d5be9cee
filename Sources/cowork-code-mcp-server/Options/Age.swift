import ArgumentParser

/// A length of time as it is written on the command line: a whole number and s, m, h, d or w.
struct Age: ExpressibleByArgument {
  let duration: Duration

  init?(argument: String) {
    let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
    guard let last = argument.last, let unit = units[last], argument.dropLast().allSatisfy({ $0.isASCII && $0.isNumber }),
      let count = Int64(argument.dropLast()), count <= 36_500 * 86_400 / unit
    else { return nil }
    duration = .seconds(count * unit)
  }

  static let rule = "a whole number and s, m, h, d or w, such as 90m, 12h, 30d or 2w; at most 100 years"
}
