"""The promises about tasks."""

from __future__ import annotations

from dataclasses import dataclass

from messages import kept_no_longer, was_pruned
from record import NEVER, Call, Record

ENDED = ("completed", "failed")


@dataclass(eq=False)
class Sight:
    """A task as a call showed it."""

    call: Call
    task: dict

    @property
    def state(self) -> tuple:
        return (self.task["status"], self.task.get("result"))


def _sights(record: Record, undone: bool = False) -> dict[str, list[Sight]]:
    sights: dict[str, list[Sight]] = {}
    for call in record.calls:
        if call.is_accepted and (undone or not record.is_undone(call)):
            for task in call.result.get("tasks", []) + ([call.result] if call.tool == "update_task" else []):
                sights.setdefault(task["id"], []).append(Sight(call, task))
    return sights


def a_task_ends_once(record: Record):
    for id, sights in _sights(record).items():
        ends = sorted((sight for sight in sights if sight.task["status"] in ENDED), key=lambda sight: sight.call.end)
        if not ends:
            continue
        first = ends[0]
        for sight in sights:
            if sight.task["status"] in ENDED and sight.state != first.state:
                yield "a task has two ends", [first.call.answer, sight.call.answer]
            elif sight.task["status"] not in ENDED and sight.call.start > first.call.end:
                yield "a task that had ended went on", [first.call.answer, sight.call.answer]
        final = record.final["tasks"].get(id) if record.final else None
        if final and tuple(final) != first.state:
            yield f"a task ended, and the store says {final}", [first.call.answer]


def a_task_has_one_holder(record: Record):
    """While a session lives that claimed a task, no other one moves it."""
    acts: dict[str, list[Call]] = {}
    for call in record.calls:
        if call.tool == "update_task" and call.is_accepted and not record.is_undone(call) and call.result["recipient"] == call.agent:
            acts.setdefault(call.result["id"], []).append(call)
    for calls in acts.values():
        for n, first in enumerate(calls):
            for second in calls[n + 1:]:
                if first.session == second.session or first.args["status"] in ENDED and first.end < second.start:
                    continue
                dead = min(record.deaths.get(first.session, NEVER), record.deaths.get(second.session, NEVER))
                if dead > max(first.end, second.end) and not record.touched(first.start, second.end, "clock", "restore"):
                    yield "a task had two holders", [first.answer, second.answer]


def _calls_to_end(record: Record) -> dict[str, list[Call]]:
    """For each task the calls that ended it or may have done so, whatever their outcome."""
    ends: dict[str, list[Call]] = {}
    for call in record.calls:
        if call.tool == "update_task" and call.args["status"] in ENDED:
            ends.setdefault(call.args["task_id"], []).append(call)
    return ends


def accepted_tasks_stay_and_end(record: Record):
    if record.final is None:
        return
    ends = _calls_to_end(record)
    for call in record.calls:
        if call.tool == "create_task" and call.is_accepted and not record.is_undone(call):
            id = call.result["task_id"]
            final = record.final["tasks"].get(id)
            # Only what has ended is pruned, and its age counts from then.
            if final is None and not any(was_pruned(record, end) for end in ends.get(id, [])):
                yield "an accepted task is not in the store", [call.answer]
            elif final and final[0] not in ENDED and call.start < record.over:
                yield "a task did not end, although all worked on them", [call.answer]


def the_creator_learns_of_the_end(record: Record):
    """The session that created a task gets its news, and another one of the agent only when that has ended."""
    all_sights = _sights(record, undone=True)
    all_ends = _calls_to_end(record)
    creators = {call.result["task_id"]: call for call in record.calls if call.tool == "create_task" and call.is_accepted}
    for id, sights in _sights(record).items():
        created = creators.get(id)
        if created is None or record.is_undone(created):
            continue
        news = [sight for sight in sights if sight.call.tool == "wait_for_updates" and sight.call.agent == created.agent]
        for sight in news:
            if sight.call.session != created.session and not kept_no_longer(record, created.session, created.start, sight.call.end):
                yield "news of a task went to another session than its creator", [created.answer, sight.call.answer]
        own = tuple(call.args["result"] for call in all_ends.get(id, []) if call.agent == created.agent and call.args.get("result"))
        ends = [
            sight for sight in sights
            if sight.task["status"] in ENDED and sight.call.agent != created.agent and not (sight.task.get("result") or "").endswith(own)]
        told = any(sight.task["status"] in ENDED for sight in all_sights[id] if sight.call.agent == created.agent)
        if ends and not told and not _news_may_have_died_with_a_client(record, created, all_ends.get(id, [])):
            yield "the creator was not told of a task's end", [created.answer, ends[0].call.answer]


def _news_may_have_died_with_a_client(record: Record, created: Call, ends: list[Call]) -> bool:
    """Whether a client was killed after the end while a call was open that takes the news of it."""
    since = min((end.start for end in ends), default=created.start)
    for call in record.calls:
        died = record.deaths.get(call.session, 0)
        if call.end == NEVER and call.agent == created.agent and died > since and _takes_news(call, created.result["task_id"]):
            if call.session == created.session or kept_no_longer(record, created.session, created.start, died):
                return True
    return False


def _takes_news(call: Call, id: str) -> bool:
    match call.tool:
        case "wait_for_updates":
            return True
        case "get_tasks":
            return call.args.get("task_id") == id or call.args.get("role") == "creator"
        case "update_task":
            return call.args["task_id"] == id
    return False


PROMISES = (a_task_ends_once, a_task_has_one_holder, accepted_tasks_stay_and_end, the_creator_learns_of_the_end)
