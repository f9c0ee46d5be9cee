"""Tasks in the page: four columns, a drawer, and what a person may do."""


def create(page, to, title, description):
    page.click("#new-task")
    page.choose("#task-to", to)
    page.fill("#task-title", title)
    page.fill("#task-description", description)
    page.press_button("Create task", "#create")


def test_a_task_is_created_taken_and_completed(lab):
    code = lab.agent("code")
    page = lab.page(lab.web(), "/tasks")
    create(page, "code", "Make the header responsive", "It breaks below 400 px.")
    task = code.call("wait_for_updates", timeout_seconds=55)["tasks"][0]
    assert (task["title"], task["description"], task["sender"]) == ("Make the header responsive", "It breaks below 400 px.", "user")
    page.until(lambda: page.cards("pending") == [task["id"]], "the new task is not in the first column")
    code.call("update_task", task_id=task["id"], status="in_progress")
    page.until(lambda: page.cards("in_progress") == [task["id"]] and not page.cards("pending"), "the task does not move when it is taken")
    code.call("update_task", task_id=task["id"], status="completed", result="Done in two files.")
    page.until(lambda: page.cards("completed") == [task["id"]] and not page.cards("in_progress"), "the task does not move when it ends")
    # Who created it sees it, and how it goes on.
    page.until_text("Done in two files.", "#drawer")
    page.until_text("It breaks below 400 px.", "#drawer")


def test_an_open_drawer_is_live(lab):
    code, cowork = lab.agent("code"), lab.agent("cowork")
    page = lab.page(lab.web(), "/tasks")
    task = code.call("create_task", to="cowork", title="Look", description="At the page")["task_id"]
    page.click(f"section [data-task-id='{task}']")
    page.until_text("At the page", "#drawer")
    cowork.call("update_task", task_id=task, status="in_progress")
    cowork.call("update_task", task_id=task, status="failed", result="There is no page.")
    page.until_text("There is no page.", "#drawer")


def test_a_person_takes_and_completes_a_task(lab):
    code = lab.agent("code")
    page = lab.page(lab.web(), "/tasks")
    task = code.call("create_task", to="user", title="Choose a colour", description="Blue or green")["task_id"]
    page.click(f"section [data-task-id='{task}']")
    page.press_button("Take", "#drawer")
    page.until(lambda: page.cards("in_progress") == [task])
    page.press_button("Complete", "#drawer")
    page.fill("#result", "Green.")
    page.press_button("Complete task", "#drawer")
    page.until(lambda: page.cards("completed") == [task])
    shown = code.call("get_tasks", task_id=task)["tasks"][0]
    assert (shown["status"], shown["result"]) == ("completed", "Green.")


def test_a_person_ends_only_their_own_tasks(lab):
    code = lab.agent("code")
    lab.agent("cowork")
    web = lab.web()
    page = lab.page(web, "/tasks")
    foreign = code.call("create_task", to="cowork", title="Not yours", description="")["task_id"]
    page.click(f"section [data-task-id='{foreign}']")
    page.until_text("Not yours", "#drawer")
    names = [button.text for button in page.all("#drawer button") if button.is_displayed()]
    assert not {"Take", "Complete", "Fail"} & set(names), names
    # Nor does the server do it.
    status, answer = web.post("/api/task", {"id": foreign, "status": "in_progress"})
    assert status in (403, 404, 409, 422) and "error" in answer, (status, answer)
    assert lab.store.ask(f"SELECT status FROM tasks WHERE id = '{foreign}'") == [("pending",)]


def test_a_task_of_an_unknown_status_is_shown_with_the_pending_ones(lab):
    code = lab.agent("code")
    lab.make_known("cowork")
    task = code.call("create_task", to="cowork", title="Wait for the others", description="")["task_id"]
    other = code.call("create_task", to="cowork", title="Go on", description="")["task_id"]
    lab.store.by_hand(f"UPDATE tasks SET status = 'blocked' WHERE id = '{task}'")
    page = lab.page(lab.web(), "/tasks")
    page.until(lambda: sorted(page.cards("pending")) == sorted([task, other]), "the task with another status is in no column")
    assert "blocked" in page.text(f"section [data-task-id='{task}']") and "blocked" not in page.text(f"section [data-task-id='{other}']")


def test_a_title_of_spaces_is_refused(lab):
    lab.agent("code")
    page = lab.page(lab.web(), "/tasks")
    create(page, "code", "   ", "It breaks below 400 px.")
    page.until_text("Write a title.", "#create")
    assert lab.store.counts()["tasks"] == 0
    page.fill("#task-title", "Make it fit")
    page.press_button("Create task", "#create")
    page.until_text("Make it fit", "#drawer")
    assert lab.store.ask("SELECT title, description FROM tasks") == [("Make it fit", "It breaks below 400 px.")]


def test_another_session_of_a_person_is_told_why_it_cannot_complete(lab):
    code = lab.agent("code")
    first, second = lab.web(), lab.web()
    task = code.call("create_task", to="user", title="Choose a colour", description="")["task_id"]
    assert first.post("/api/task", {"id": task, "status": "in_progress"})[0] == 200
    page = lab.page(second, f"/tasks/{task}")
    page.press_button("Complete", "#drawer")
    page.fill("#result", "Green.")
    page.press_button("Complete task", "#drawer")
    # The refusal is an event of the task as well, which shows the drawer anew.
    page.until_text("refused", "#drawer .history")
    page.until_text("Another session works on the task", "#drawer")
    assert page.one("#result").get_property("value") == "Green."
