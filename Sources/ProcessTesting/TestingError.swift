/// What keeps a test from running; the text says what and why.
public struct TestingError: Error, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}
