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

    def test_a_task_that_nobody_was_given(self):
        self.story.creates()
        self.story.ends(tasks={"t1": ["pending", None]})
        self.finds("a task did not end, although all worked on them")

    def test_a_creator_that_hears_nothing(self):
        self.story.creates()
        self.story.moves("code-1", "completed", "a")
        self.story.ends(tasks={"t1": ["completed", "a"]})
        self.finds("the creator was not told of a task's end")

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
