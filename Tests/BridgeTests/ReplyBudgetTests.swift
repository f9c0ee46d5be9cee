import Bridge
import BridgeServer
import BridgeTesting
import JSON
import MCP
import Testing

/// Requirement: a reply stays under 40,000 characters.
@Suite("The room of a reply")
struct ReplyBudgetTests {
  @Test(arguments: OddTexts.all)
  func theCostIsTheCharactersOfAllTextsAndAConstant(text: String) {
    var (message, task) = (Message(), BridgeTask())
    for field in Message.fields { field.set(.text(text), in: &message) }
    for field in BridgeTask.fields { field.set(.text(text), in: &task) }
    task.holder = text
    let count = text.unicodeScalars.count
    #expect(message.replyCost == 260 + 8 * count && task.replyCost == 300 + 10 * count)
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

  /// Lines as agents write them: prose, code, a log, a table, other scripts.
  static let lines = [
    "The tests pass on both stores; I have moved the rule into the domain and left a note in the pull request.\n",
    "    if let name = object[\"name\"] { print(\"found \\(name)\") }\n",
    "2026-01-31T12:00:00Z ERROR [worker-3] could not open \"/var/lib/app/data.db\": disk full\n",
    "| column | type | \"default\" |\n", "Größe geändert, „schön“ – fertig.\n", "测试已经通过，请检查结果。\n", "Done ✅ shipped 🚀\n",
  ]

  @Test(arguments: lines, [1, 40, 400])
  func aFullReplyOfOrdinaryTextStaysUnderTheLimit(line: String, count: Int) {
    var budget = ReplyBudget()
    var (messages, tasks) = ([Message](), [BridgeTask]())
    let text = String(repeating: line, count: count)
    while true {
      let message = Message(
        id: UniqueID.make(), sender: "cowork", recipient: "code", content: text, createdAt: "2026-01-01T00:00:00.000Z")
      let task = BridgeTask(
        id: UniqueID.make(), sender: "cowork", recipient: "code", title: "Build it", description: text, status: "pending",
        createdAt: "2026-01-01T00:00:00.000Z", updatedAt: "2026-01-01T00:00:00.000Z")
      guard budget.admits(message.replyCost) else { break }
      messages.append(message)
      guard budget.admits(task.replyCost) else { break }
      tasks.append(task)
    }
    let delivery = Delivery(lease: "l", messages: messages, tasks: tasks, remaining: 1_000_000)
    let reply = Marked(UpdatesOutput(delivery), for: .code).jsonText
    // One that is larger than a reply comes alone.
    #expect(reply.utf16.count < Limits.replyCharacters || messages.count == 1 && tasks.isEmpty)
  }
}
