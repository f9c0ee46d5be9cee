import Bridge
import BridgeServer
import BridgeTesting
import JSON
import MCP
import Testing

/// Requirement: a reply stays under 40,000 characters.
@Suite("The room of a reply")
struct ReplyBudgetTests {
  /// Odd texts, and every scalar below U+3000, repeated.
  static let texts =
    OddTexts.all
    + stride(from: 0, to: 0x3000, by: 64).map { start in
      String(String.UnicodeScalarView((start..<start + 64).compactMap { UInt32($0) }.compactMap(Unicode.Scalar.init)))
    } + ["\u{2028}", "\u{85}", "\u{7F}", "\"", "\\", "\u{1}", "🙂", "\u{0}"].map { String(repeating: $0, count: 1_000) }

  @Test(arguments: texts)
  func theCostOfAMessageIsNeverLessThanItsJSON(text: String) {
    var message = Message()
    for field in Message.fields { field.set(.text(text), in: &message) }
    #expect(MessageOutput(message, inHistory: true).jsonText.utf16.count <= message.replyCost)
  }

  @Test(arguments: texts)
  func theCostOfATaskIsNeverLessThanItsJSON(text: String) {
    var task = BridgeTask()
    for field in BridgeTask.fields { field.set(.text(text), in: &task) }
    task.holder = text
    #expect(TaskOutput(task).jsonText.utf16.count <= task.replyCost)
  }

  @Test func emptyRowsCostMoreThanNothing() {
    let (message, task) = (Message(), BridgeTask())
    #expect(MessageOutput(message, inHistory: true).jsonText.utf16.count <= message.replyCost)
    #expect(TaskOutput(task).jsonText.utf16.count <= task.replyCost)
  }

  @Test func whatFitsToTheLastCharacterIsAdmitted() {
    var budget = ReplyBudget(characters: 10)
    let answers = [budget.admits(4), budget.admits(6), budget.admits(1)]
    #expect(answers == [true, true, false])
    #expect(budget.remainder == 0)
  }

  @Test func theFirstIsAdmittedWhateverItsSizeAndAlone() {
    var budget = ReplyBudget(characters: 10)
    let answers = [budget.admits(1_000), budget.admits(0)]
    #expect(answers[0] && !answers[1])
    #expect(budget.remainder == 0)
  }

  @Test func aRefusedItemUsesNoBudget() {
    var budget = ReplyBudget(characters: 10)
    let answers = [budget.admits(5), budget.admits(6), budget.admits(5)]
    #expect(answers == [true, false, true])
  }

  @Test func aFullReplyWithItsFrameStaysUnderTheLimit() {
    var budget = ReplyBudget()
    var messages = [Message]()
    for number in 0... {
      let message = Message(
        id: UniqueID.make(), sender: "cowork", recipient: "code", content: String(repeating: "\u{2028}", count: number % 40),
        createdAt: "2026-01-01T00:00:00.000Z")
      guard budget.admits(message.replyCost) else { break }
      messages.append(message)
    }
    let text = Marked(MessagesOutput(Delivery(lease: "b", messages: messages, remaining: 1_000_000)), for: .code).jsonText
    #expect(messages.count > 50 && text.utf16.count < Limits.replyCharacters)
  }
}
