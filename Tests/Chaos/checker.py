"""Decides from a history whether the promises of the bridge were kept. docs/reliability.md lists them."""

from __future__ import annotations

import json
from dataclasses import dataclass

import messages
import tasks
from record import NEVER, Call, Record, read

# Seconds beyond its own wait after which a call is answered. 10 are promised; the machine is busy, and under a fault busier.
LONGEST_CALL, LONGEST_CALL_UNDER_FAULTS = 15, 30
# What is done beside the agents and harms nobody.
BESIDE = ("copy", "prune")


@dataclass
class Broken:
    promise: str
    events: list[dict]

    def lines(self) -> list[str]:
        return [self.promise] + ["    " + json.dumps(event, ensure_ascii=False)[:600] for event in self.events]


def broken_promises(events: list[dict]) -> list[Broken]:
    """What was promised and not kept, with the events that show it."""
    record = read(events)
    found = []
    for part in (calls_are_answered, servers_stay, store_is_whole, *messages.PROMISES, *tasks.PROMISES):
        found += [Broken(promise, events) for promise, events in part(record)]
    return found


def calls_are_answered(record: Record):
    stops = record.of_kind("stop server", "stop client")
    for call in record.calls:
        if call.end == NEVER:
            if call.session not in record.deaths:
                yield "a call was never answered", [call.event]
            continue
        wait = call.args.get("wait_seconds", 0) + call.args.get("timeout_seconds", 0)
        stopped = sum(
            min(stop.end, call.end) - max(stop.start, call.start) for stop in stops if stop.touches(call.start, call.end, {call.session}))
        met = any(
            fault.kind not in BESIDE and fault.touches(call.start, call.end, {call.session}) for fault in record.faults)
        if call.end - call.start - wait - stopped > (LONGEST_CALL_UNDER_FAULTS if met else LONGEST_CALL):
            yield f"a call took {call.end - call.start:.1f} s", [call.event, call.answer]


def servers_stay(record: Record):
    """A server ends with its client or when it is killed, and by nothing else."""
    kills = record.of_kind("kill server", "kill server elsewhere")
    for gone in record.ends:
        pid = record.pids.get((gone["session"], gone["server"]))
        if gone["t"] < record.over and not any(kill.event["pid"] == pid for kill in kills):
            yield "a server ended by itself", [gone]


def store_is_whole(record: Record):
    if record.final and record.final["check"] != "ok":
        yield f"the store is damaged: {record.final['check']}", []
    for fault in record.of_kind("copy", "prune"):
        met = any(other.touches(fault.start, fault.end) for other in record.faults if other.target == "*" and other.kind not in BESIDE)
        if fault.event["status"] != 0 and not met:
            yield f"{fault.kind} failed", [{key: value for key, value in fault.event.items() if key != "ids"}]


def figures(events: list[dict]) -> list[str]:
    """What was done, as lines for people."""
    record = read(events)
    kinds: dict[str, int] = {}
    for fault in record.faults:
        kinds[fault.kind] = kinds.get(fault.kind, 0) + 1
    deliveries = [delivery for each in record.deliveries.values() for delivery in each]
    again = sum(len(each) - 1 for each in record.deliveries.values())
    errors = sum(1 for call in record.calls if call.answer and "error" in call.answer)
    without = sum(1 for call in record.calls if not call.answer or call.answer["ev"] == "none")
    ended = sum(1 for status, _ in record.final["tasks"].values() if status in tasks.ENDED) if record.final else 0
    worst, usual = messages.delays(record)
    lines = [
        "faults: " + (", ".join(f"{count} × {kind}" for kind, count in sorted(kinds.items())) or "none"),
        f"{len(record.agents)} sessions, {len(record.pids)} servers, {len(record.calls)} calls: {errors} errors, {without} without result",
        f"{len(record.sent)} messages accepted, {len(deliveries)} deliveries, {again} came twice, {ended} tasks ended",
        f"longest way of a message without a fault: {usual:.2f} s",
    ]
    if record.final and record.final["set_aside"]:
        lines.append(f"set aside: {len(record.final['set_aside'])}")
    lines += [f"longest way after the end of a fault ({kind}): {seconds:.2f} s" for kind, seconds in sorted(worst.items())]
    return lines
