"""The checker finds each broken promise about tasks, calls, servers and stores in histories made by hand, and nothing in sound ones."""

from story import CheckerCase


class TaskTests(CheckerCase):
    def test_a_sound_task_breaks_nothing(self):
        self.story.creates()
        self.story.moves("code-1", "in_progress")
        self.story.moves("code-1", "completed", "done")
        self.story.is_told("cowork-3", "completed", "done")
        self.story.ends(tasks={"t1": ["completed", "done"]})
        self.finds()

    def test_two_holders(self):
        self.story.creates()
        self.story.moves("code-1", "in_progress")
        self.story.moves("code-2", "in_progress")
        self.finds("a task had two holders")

    def test_the_task_of_a_dead_holder_is_free(self):
        self.story.creates()
        self.story.moves("code-1", "in_progress", start=3, end=4)
        self.story.add("died", 5, session="code-1")
        self.story.moves("code-2", "in_progress", start=6, end=7)
        self.finds()

    def test_two_ends(self):
        self.story.creates()
        self.story.moves("code-1", "completed", "a")
        self.story.moves("code-1", "failed", "b")
        self.story.is_told("cowork-3", "completed", "a")
        self.finds("a task has two ends")

    def test_a_task_that_goes_on_after_its_end(self):
        self.story.creates()
        self.story.moves("code-1", "completed", "a")
        self.story.is_told("cowork-3", "completed", "a")
        self.story.is_told("cowork-3", "in_progress")
        self.finds("a task that had ended went on")

    def test_an_end_that_the_store_does_not_know(self):
        self.story.creates()
        self.story.moves("code-1", "completed", "a")
        self.story.is_told("cowork-3", "completed", "a")
        self.story.ends(tasks={"t1": ["failed", "b"]})
        self.finds("a task ended, and the store says ['failed', 'b']")

    def test_a_lost_task(self):
        self.story.creates()
        self.story.ends()
        self.finds("an accepted task is not in the store")

    def completes(self):
        self.story.creates()
        self.story.moves("code-1", "completed", "done", start=10, end=11)
        self.story.is_told("cowork-3", "completed", "done", start=12, end=13)

    def test_what_was_pruned_is_not_lost(self):
        self.completes()
        self.story.fault("prune", start=100, end=101, age=60, status=0)
        self.story.ends()
        self.finds()

    def test_what_is_younger_was_not_pruned(self):
        self.completes()
        self.story.fault("prune", start=69, end=69.5, age=60, status=0)
        self.story.ends()
        self.finds("an accepted task is not in the store")

    def test_a_task_that_ended_while_the_clock_was_set_has_any_age(self):
        self.completes()
        self.story.fault("clock", start=10, end=15, seconds=-7200)
        self.story.fault("prune", start=20, end=21, age=60, status=0)
        self.story.ends()
        self.finds()

    def test_an_open_task_is_not_pruned(self):
        self.story.creates()
        self.story.fault("prune", start=100, end=101, age=60, status=0)
        self.story.ends()
        self.finds("an accepted task is not in the store")

    def test_a_task_that_nobody_was_given(self):
        self.story.creates()
        self.story.ends(tasks={"t1": ["pending", None]})
        self.finds("a task did not end, although all worked on them")

    def test_a_creator_that_hears_nothing(self):
        self.story.creates()
        self.story.moves("code-1", "completed", "a")
        self.story.ends(tasks={"t1": ["completed", "a"]})
        self.finds("the creator was not told of a task's end")

    def kills_a_creator(self, tool, args, ended, asked):
        """Of two sessions, while one asks; the task ends before or after that."""
        self.story.creates("code-1", "cowork", start=1, end=2)
        task = {"id": "t1", "sender": "code", "recipient": "cowork", "status": "completed", "result": "a"}
        args_to_end = {"task_id": "t1", "status": "completed", "result": "a"}
        self.story.call("cowork-3", "update_task", args_to_end, result=task, start=ended, end=ended + 1)
        self.story.call("code-1", tool, args, start=asked)
        self.story.add("died", asked + 2, session="code-1")
        self.story.now = 50
        self.story.ends(tasks={"t1": ["completed", "a"]})

    def test_a_client_that_dies_may_take_news_along(self):
        for tool, args in (
            ("wait_for_updates", {}), ("get_tasks", {"role": "creator"}), ("get_tasks", {"task_id": "t1"}),
            ("update_task", {"task_id": "t1", "status": "failed", "result": "b"}),
        ):
            with self.subTest(tool=tool, args=args):
                self.setUp()
                self.kills_a_creator(tool, args, ended=5, asked=6)
                self.finds()

    def test_a_client_that_waited_before_the_end_may_take_news_along(self):
        self.kills_a_creator("wait_for_updates", {}, ended=5, asked=4)
        self.finds()

    def test_a_call_that_tells_no_news_takes_none_along(self):
        for tool, args in (
            ("read_messages", {}), ("get_tasks", {"status": "pending"}), ("send_message", {"to": "cowork", "content": "say code-1 3 "}),
        ):
            with self.subTest(tool=tool, args=args):
                self.setUp()
                self.kills_a_creator(tool, args, ended=5, asked=6)
                self.finds("the creator was not told of a task's end")

    def test_a_client_that_died_before_the_end_took_no_news_along(self):
        self.kills_a_creator("wait_for_updates", {}, ended=20, asked=6)
        self.finds("the creator was not told of a task's end")

    def test_another_client_takes_no_news_along_while_the_creator_lives(self):
        self.story.creates("code-2", "cowork", start=1, end=2)
        task = {"id": "t1", "sender": "code", "recipient": "cowork", "status": "completed", "result": "a"}
        self.story.call("cowork-3", "update_task", {"task_id": "t1", "status": "completed", "result": "a"}, result=task)
        self.story.call("code-1", "wait_for_updates", {})
        self.story.dies("code-1")
        self.story.ends(tasks={"t1": ["completed", "a"]})
        self.finds("the creator was not told of a task's end")

    def test_a_creator_needs_no_news_of_its_own_end(self):
        self.story.creates()
        end = {"task_id": "t1", "status": "failed", "result": "cowork-3 2"}
        self.story.call("cowork-3", "update_task", end, start=3, end=4, error="The store did not answer in time.")
        self.story.is_told("code-1", "failed", "Ended by its creator cowork: cowork-3 2")
        self.story.ends(tasks={"t1": ["failed", "Ended by its creator cowork: cowork-3 2"]})
        self.finds()

    def test_news_for_another_session(self):
        self.story.call("code-1", "create_task", {"to": "cowork"}, result={"task_id": "t1", "status": "pending"})
        self.story.is_told("code-2", "in_progress")
        self.finds("news of a task went to another session than its creator")

    def test_a_call_without_an_answer(self):
        self.story.call("code-1", "list_agents", {})
        self.finds("a call was never answered")

    def test_a_slow_call(self):
        self.story.idles("code-1", start=1, end=50)
        self.finds("a call took 49.0 s")

    def test_a_call_that_met_no_fault_is_answered_sooner(self):
        self.story.fault("copy", start=2, end=20, status=0, ids=[])
        self.story.fault("cut connections", "code-2", 2, 20)
        self.story.fault("restart", start=30, end=40)
        self.story.idles("code-1", start=1, end=21)
        self.finds("a call took 20.0 s")

    def test_a_call_that_met_a_fault_is_answered_later(self):
        self.story.fault("restart", start=2, end=10)
        self.story.idles("code-1", start=1, end=21)
        self.finds()

    def test_a_stopped_server_answers_later(self):
        self.story.fault("stop server", "code-1", 2, 40)
        self.story.idles("code-1", start=1, end=50)
        self.finds()

    def test_a_server_that_ends_by_itself(self):
        self.story.fault("kill server", "code-2", pid=2)
        for session in ("code-1", "code-2"):
            self.story.add("gone", 5, session=session, server=1)
        self.finds("a server ended by itself")

    def test_a_damaged_store(self):
        self.story.ends(check="row 7 missing from index")
        self.finds("the store is damaged: row 7 missing from index")

    def test_a_failed_copy(self):
        self.story.fault("copy", status=1, ids=[])
        self.finds("copy failed")

    def test_a_copy_that_lacks_a_message(self):
        self.story.sends("cowork-3", 1)
        self.story.gets("code-1", 1)
        self.story.fault("copy", start=10, end=11, status=0, ids=["other"])
        self.finds("a copy lacks a message that was accepted before")
