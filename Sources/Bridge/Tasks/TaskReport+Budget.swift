extension TaskReport {
  /// The report for a reply: the task whole, and of the history as much as fits, the newest first. The beginning of a note stands for one
  /// that would take more than half of what is left; where not even that fits, the oldest changes are left out.
  func fitting(characters: Int = ReplyBudget.characters) -> TaskReport {
    let task = task.excerpted
    let left = characters - task.replyCost
    // A task that is larger than a reply comes whole all the same, and then its history does not take much.
    var budget = ReplyBudget(characters: left > 0 ? left : 10_000)
    var fitting = [TaskEvent]()
    for event in history.reversed() {
      let shown = event.replyCost <= budget.remainder / 2 ? event : event.withExcerpt
      guard budget.admits(shown.replyCost) else { break }
      fitting.append(shown)
    }
    return TaskReport(lease: lease, task: task, history: fitting.reversed())
  }
}

extension TaskEvent {
  /// With no more than the first 100 characters of the note.
  fileprivate var withExcerpt: TaskEvent {
    guard let note, note.unicodeScalars.count > 100 else { return self }
    var event = self
    event.note = String(String.UnicodeScalarView(note.unicodeScalars.prefix(100))) + "…"
    return event
  }
}
