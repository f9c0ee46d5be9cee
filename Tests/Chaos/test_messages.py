"""The checker finds each broken promise about messages in histories made by hand, and nothing in sound ones."""

from story import CheckerCase


class MessageTests(CheckerCase):
    def test_a_sound_history_breaks_nothing(self):
        self.story.sends("cowork-3", 1)
        self.story.sends("cowork-3", 2)
        self.story.gets("code-1", 1)
        self.story.gets("code-2", 2)
        self.story.ends({"m1": 1, "m2": 1})
        self.finds()

    def test_a_lost_message(self):
        self.story.sends("cowork-3", 1)
        self.story.gets("code-1", 1)
        self.story.ends({})
        self.finds("an accepted message is not in the store")

    def test_a_message_that_was_never_delivered(self):
        self.story.sends("cowork-3", 1)
        self.story.ends({"m1": 0})
        self.finds("a message was not delivered, although all asked for it")

    def test_a_crash_may_forget_that_a_delivery_was_confirmed(self):
        for crash, over, promises in (
            (2.5, 20, []), (2.5, 60, ["a message was not delivered, although all asked for it"]),
            (9, 20, ["a message was not delivered, although all asked for it"]),
        ):
            with self.subTest(crash=crash, over=over):
                self.setUp()
                self.story.sends("cowork-3", 1)
                self.story.gets("code-1", 1)
                self.story.fault("crash", start=crash, end=crash + 1)
                self.story.idles("code-1", start=over)
                self.story.ends({"m1": 0})
                self.finds(*promises)

    def test_what_is_set_aside_is_not_lost(self):
        self.story.sends("cowork-3", 1)
        self.story.ends({"m1": 0}, set_aside=["m1"])
        self.finds()

    def test_a_message_that_is_read_and_that_nobody_got(self):
        self.story.sends("cowork-3", 1)
        self.story.call("code-1", "read_messages", {}, result={"messages": []})
        self.story.ends({"m1": 1})
        self.finds("a message that nobody got counts as read")

    def test_a_client_that_dies_may_take_a_message_along(self):
        self.story.sends("cowork-3", 1)
        self.story.call("code-1", "read_messages", {})
        self.story.add("died", self.story.now + 1, session="code-1")
        self.story.ends({"m1": 1})
        self.finds()

    def test_a_call_that_takes_nothing_takes_nothing_along(self):
        for tool, args in (
            ("list_agents", {}), ("update_task", {"task_id": "t1", "status": "in_progress"}), ("read_messages", {"from": "reviewer"}),
            ("read_messages", {"mark_read": False}), ("send_message", {"to": "cowork", "content": "say code-1 2 "}),
            ("send_message", {"to": "cowork", "content": "ask code-1 2 ", "wait_seconds": 3}),
        ):
            with self.subTest(tool=tool, args=args):
                self.setUp()
                self.story.sends("cowork-3", 1)
                self.story.call("code-1", tool, args)
                self.story.dies("code-1")
                self.story.ends({"m1": 1})
                self.finds("a message that nobody got counts as read")

    def test_a_client_that_dies_may_take_the_reply_along_for_which_it_waits(self):
        self.story.call("code-1", "send_message", {"to": "cowork", "content": "ask code-1 1 ", "wait_seconds": 9}, start=1)
        question = {"id": "q", "sender": "code", "recipient": "cowork", "content": "ask code-1 1 ", "redelivered": False}
        self.story.call("cowork-3", "read_messages", {}, result={"messages": [question]})
        self.story.sends("cowork-3", 2, reply_to="q", kind="answer")
        self.story.dies("code-1")
        self.story.ends({"m2": 1})
        self.finds()

    def test_a_client_takes_nothing_along_that_was_read_before(self):
        self.story.sends("cowork-3", 1)
        self.story.finds_none("code-2", start=3, end=4)
        self.story.call("code-1", "wait_for_updates", {})
        self.story.dies("code-1")
        self.story.ends({"m1": 1})
        self.finds("a message that nobody got counts as read")

    def test_what_a_failed_call_held_during_a_look_may_be_taken_later(self):
        self.story.sends("cowork-3", 1)
        self.story.call("code-1", "read_messages", {}, start=2, end=9, error="The store did not answer in time.")
        self.story.finds_none("code-2", start=3, end=4)
        self.story.call("code-1", "wait_for_updates", {}, start=10)
        self.story.dies("code-1")
        self.story.ends({"m1": 1})
        self.finds()

    def test_a_look_that_may_have_left_something_shows_nothing(self):
        for args, remaining, elsewhere in (({}, 1, 0), ({}, 0, 1), ({"from": "reviewer"}, 0, 0)):
            with self.subTest(args=args, remaining=remaining, elsewhere=elsewhere):
                self.setUp()
                self.story.sends("cowork-3", 1, reply_to="q", kind="answer")
                result = {"messages": [], "remaining": remaining, "elsewhere": elsewhere}
                self.story.call("code-2", "read_messages", args, result=result, start=3, end=4)
                self.story.call("code-1", "wait_for_updates", {})
                self.story.dies("code-1")
                self.story.ends({"m1": 1})
                self.finds()

    def test_a_first_try_whose_answer_was_lost_may_have_written(self):
        args = {"to": "code", "content": "say cowork-3 1 ", "idempotency_key": "cowork-3 1"}
        self.story.call("cowork-3", "send_message", args, start=1, end=2, error="The store did not answer in time.")
        self.story.call("code-1", "read_messages", {}, start=3)
        self.story.dies("code-1")
        self.story.sends("cowork-3", 1, start=10, end=11)
        self.story.ends({"m1": 1})
        self.finds()

    def test_what_was_pruned_is_not_lost(self):
        self.story.sends("cowork-3", 1)
        self.story.gets("code-1", 1)
        self.story.fault("prune", start=100, end=101, age=50, status=0)
        self.story.ends({})
        self.finds()

    def test_what_is_younger_was_not_pruned(self):
        self.story.sends("cowork-3", 1)
        self.story.gets("code-1", 1)
        self.story.fault("prune", start=100, end=101, age=500, status=0)
        self.story.ends({})
        self.finds("an accepted message is not in the store")

    def test_a_restored_file_lacks_what_came_after_the_backup(self):
        self.story.sends("cowork-3", 1)
        self.story.gets("code-1", 1)
        self.story.gets("code-2", 1)
        self.story.fault("restore", start=10, end=11, backup=0)
        self.story.ends({})
        self.finds()

    def test_a_restored_file_has_what_came_before_the_backup(self):
        self.story.sends("cowork-3", 1)
        self.story.fault("restore", start=10, end=11, backup=5)
        self.story.ends({})
        self.finds("an accepted message is not in the store")

    def test_a_changed_text(self):
        self.story.sends("cowork-3", 1, content="say cowork-3 1 ä")
        self.story.gets("code-1", 1)
        self.finds("a message arrived that nobody sent like this")

    def test_a_message_for_another_agent(self):
        self.story.sends("cowork-3", 1, to="reviewer")
        self.story.gets("code-1", 1)
        self.finds("a message arrived that nobody sent like this")

    def test_a_repeat_that_made_a_second_message(self):
        self.story.sends("cowork-3", 1)
        self.story.sends("cowork-3", 2, content="say cowork-3 1 ", key="cowork-3 1")
        self.finds("a repeat with the same key was given another id")

    def test_a_second_message_by_a_repeat_whose_answer_was_lost(self):
        self.story.sends("cowork-3", 1)
        self.story.gets("code-1", 1)
        again = {"sender": "cowork", "recipient": "code", "content": "say cowork-3 1 ", "reply_to": None, "redelivered": False}
        self.story.call("code-1", "read_messages", {}, result={"messages": [{"id": "other", **again}]})
        self.finds("a repeat with the same key made a second message")

    def test_a_message_that_two_got_without_a_reason(self):
        self.story.sends("cowork-3", 1)
        self.story.gets("code-1", 1)
        self.story.idles("code-1")
        self.story.gets("code-2", 1, again=True)
        self.finds("a message was confirmed by two")

    def test_a_reason_that_came_after_the_confirmation(self):
        self.story.sends("cowork-3", 1)
        self.story.gets("code-1", 1, start=10, end=11)
        self.story.idles("code-1", start=12, end=13)
        self.story.fault("kill server", "code-1", 20, 21, pid=1)
        self.story.gets("code-2", 1, again=True, start=30, end=31)
        self.finds("a message was confirmed by two")

    def test_a_killed_server_leaves_a_message_that_comes_again(self):
        self.story.sends("cowork-3", 1)
        self.story.gets("code-1", 1, start=10, end=11)
        self.story.fault("kill server", "code-1", 11.5, 12, pid=1)
        self.story.gets("code-2", 1, again=True, start=30, end=31)
        self.finds()

    def test_a_store_that_was_away_for_long_is_a_reason(self):
        self.story.sends("cowork-3", 1)
        self.story.gets("code-1", 1, start=10, end=11)
        self.story.fault("black hole", "code-1", 10.5, 40)
        self.story.idles("code-1", start=41, end=42)
        self.story.gets("code-2", 1, again=True, start=50, end=51)
        self.finds()

    def test_a_backup_may_have_the_lease(self):
        self.story.sends("cowork-3", 1)
        self.story.gets("code-1", 1, start=10, end=11)
        self.story.idles("code-1", start=12, end=13)
        self.story.fault("restore", start=20, end=21, backup=11.5)
        self.story.gets("code-2", 1, again=True, start=30, end=31)
        self.finds()

    def test_a_later_backup_has_the_confirmation(self):
        self.story.sends("cowork-3", 1)
        self.story.gets("code-1", 1, start=10, end=11)
        self.story.idles("code-1", start=12, end=13)
        self.story.fault("restore", start=20, end=21, backup=15)
        self.story.gets("code-2", 1, again=True, start=30, end=31)
        self.finds("a message was confirmed by two")

    def test_a_fault_of_another_session_is_no_reason(self):
        self.story.sends("cowork-3", 1)
        self.story.gets("code-1", 1)
        self.story.fault("kill server", "code-2", pid=2)
        self.story.idles("code-1")
        self.story.gets("code-2", 1, again=True)
        self.finds("a message was confirmed by two")

    def test_a_repetition_that_does_not_say_so(self):
        self.story.sends("cowork-3", 1)
        self.story.gets("code-1", 1)
        self.story.fault("kill server", "code-1", pid=1)
        self.story.gets("code-2", 1)
        self.finds("a message came twice and does not say so")

    def test_a_reply_out_of_order(self):
        self.story.sends("cowork-3", 1)
        self.story.sends("cowork-3", 2)
        self.story.gets("code-1", 2, 1)
        self.finds("a reply has a sender's messages out of order")

    def test_a_message_after_a_later_one(self):
        self.story.sends("cowork-3", 1)
        self.story.sends("cowork-3", 2)
        self.story.gets("code-1", 2)
        self.story.gets("code-2", 1)
        self.finds("a message came after a later one of its sender")

    def test_a_call_that_was_broken_off_returns_what_it_took_late(self):
        self.story.sends("cowork-3", 1)
        self.story.sends("cowork-3", 2)
        self.story.fault("black hole", "code-2", 2, 5)
        self.story.gets("code-1", 2)
        self.story.gets("code-2", 1)
        self.finds()

    def test_calls_at_once_have_no_order(self):
        self.story.sends("cowork-3", 1)
        self.story.sends("cowork-3", 2)
        self.story.gets("code-1", 2, start=10, end=12)
        self.story.gets("code-2", 1, start=11, end=13)
        self.finds()

    def test_a_reply_for_another_session(self):
        self.story.sends("code-1", 1, to="cowork", kind="ask")
        self.story.sends("cowork-3", 2, reply_to="m1", kind="answer")
        self.story.gets("code-2", 2, reply_to="m1", kind="answer")
        self.finds("a reply went to another session than the one that asked")

    def test_a_reply_to_a_session_that_has_ended_is_anybodys(self):
        self.story.sends("code-1", 1, to="cowork", kind="ask")
        self.story.sends("cowork-3", 2, reply_to="m1", kind="answer")
        self.story.fault("kill client", "code-1", 5, 6)
        self.story.add("died", 6, session="code-1")
        self.story.gets("code-2", 2, reply_to="m1", kind="answer", start=7, end=8)
        self.finds()
