"""The page when its server, its store or another tab goes away."""

import signal

import pytest

from web import Events


def test_the_server_stops_and_starts_again(lab):
    code = lab.agent("code")
    lab.agent("cowork")
    web = lab.web()
    page = lab.page(web)
    code.call("send_message", to="cowork", content="before")
    page.until_text("before")
    page.script("window.same = true")
    web.stop()
    page.until(lambda: page.script("return document.body.dataset.connection") != "live", "the page does not notice that its server is gone")
    code.call("send_message", to="cowork", content="meanwhile")
    web.start()
    page.until_live()
    page.until_text("meanwhile")
    code.call("send_message", to="cowork", content="afterwards")
    page.until_text("afterwards")
    shown = page.text("#log")
    assert page.script("return window.same") and [shown.count(text) for text in ("before", "meanwhile", "afterwards")] == [1, 1, 1]
    assert shown.index("before") < shown.index("meanwhile") < shown.index("afterwards")


def test_a_message_that_did_not_arrive_is_sent_once_the_server_is_back(lab):
    code = lab.agent("code")
    web = lab.web()
    page = lab.page(web)
    page.until_text("Online", "#agentlist [data-agent='code']")
    web.stop()
    page.until_text("Presence unknown", "#agentlist [data-agent='code']")
    page.write("code", "Is anybody there?")
    page.until_text("The message is kept here.", "#composer-error")
    web.start()
    page.until_live()
    page.until_text("The server is back.", "#composer-error")
    assert "data-problem" not in page.one("#composer").get_attribute("outerHTML").split(">")[0]
    page.click("#retry")
    page.until(lambda: page.text("#composer-error") == "" and page.one("#text").get_property("value") == "")
    got = code.call("wait_for_updates", timeout_seconds=55)["messages"]
    assert [message["content"] for message in got] == ["Is anybody there?"]
    page.until_text("Online", "#agentlist [data-agent='code']")


@pytest.mark.parametrize("store", ["SQLite"], indirect=True)  # it takes the 40 s after which the page gives up its stream
def test_a_frozen_server_is_told(lab):
    lab.agent("code")
    web = lab.web()
    page = lab.page(web)
    web.process.send_signal(signal.SIGSTOP)
    try:
        page.write("code", "Are you asleep?")
        page.until_text("Not sent yet", "#composer-error")
        page.until(lambda: page.script("return document.body.dataset.connection") == "reconnecting", "the page goes on saying Live")
    finally:
        web.process.send_signal(signal.SIGCONT)
    page.until_live()
    page.until(lambda: page.text("#composer-error") == "" and page.one("#text").get_property("value") == "")
    assert lab.store.ask("SELECT content FROM messages") == [("Are you asleep?",)]


def test_two_tabs_are_live_and_one_outlives_the_other(lab):
    code = lab.agent("code")
    lab.agent("cowork")
    web = lab.web()
    first, second = lab.page(web), lab.page(web)
    code.call("send_message", to="cowork", content="for both")
    for page in (first, second):
        page.focus().until_text("for both")
    leaders = [page.focus().script("return document.body.dataset.role") for page in (first, second)]
    assert sorted(leaders) == ["follower", "leader"]
    # The one that holds the stream goes away while messages come.
    leader, other = (first, second) if leaders[0] == "leader" else (second, first)
    code.call("send_message", to="cowork", content="just before")
    leader.close()
    code.call("send_message", to="cowork", content="just after")
    other.focus().until_text("just after")
    other.until(lambda: other.script("return document.body.dataset.role") == "leader")
    code.call("send_message", to="cowork", content="for the one that is left")
    other.until_text("for the one that is left")
    shown = other.text("#log")
    assert [shown.count(text) for text in ("for both", "just before", "just after", "for the one that is left")] == [1, 1, 1, 1]


def test_the_store_goes_away_and_comes_back(lab):
    code = lab.agent("code")
    lab.agent("cowork")
    page = lab.page(lab.web())
    code.call("send_message", to="cowork", content="before")
    page.until_text("before")
    code.close()
    lab.store.take_away()
    try:
        page.until(
            lambda: page.script("return document.body.dataset.connection") == "store-away", "the page does not say that its store is gone"
        )
    finally:
        lab.store.bring_back()
    page.until_live()
    lab.agent("code").call("send_message", to="cowork", content="afterwards")
    page.until_text("afterwards")
    assert "before" in page.text("#log")


def test_a_stream_continues_where_it_was(lab):
    code = lab.agent("code")
    lab.agent("cowork")
    web = lab.web()
    first = lab.keep(Events(web))
    first.until(lambda: first.received)
    code.call("send_message", to="cowork", content="one")
    first.until(lambda: "one" in first.contents())
    first.close()
    code.call("send_message", to="cowork", content="two")
    again = lab.keep(Events(web, last=first.last))
    again.until(lambda: "two" in again.contents())
    assert again.contents() == ["two"] and "reset" not in again.kinds()
    # An id of another run, and nonsense, are told to load again.
    for last in ("AAAA-1", "nonsense", "-", "1" * 1000, f"{first.last}9999999"):
        stranger = lab.keep(Events(web, last=last))
        stranger.until(lambda: "reset" in stranger.kinds() or stranger.ended)
        assert "reset" in stranger.kinds(), last
        stranger.close()


def test_the_signals_end_it_while_tabs_are_open(lab):
    web = lab.web()
    page = lab.page(web)
    for how in (signal.SIGINT, signal.SIGTERM):
        streams = [Events(web) for _ in range(10)]
        for stream in streams:
            stream.until(lambda: stream.received)
        took = web.stop(how)
        print(f"\n{lab.store.name}: {how.name} with {len(streams)} streams: {took:.0f} ms")
        assert web.process.returncode == 0
        for stream in streams:
            stream.until(lambda: stream.ended)
            stream.close()
        web.start()
        page.until_live()
