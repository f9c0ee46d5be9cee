"""Pages of an attacker in the same browser, which holds the cookie: on another port, and under another name."""

import pytest

from listener import Listener
from page import in_page
from web import SECRET

NAMES = {
    "read", "read as json", "write text/plain", "write application/json", "write application/x-www-form-urlencoded", "blind", "events",
    "websocket", "script", "module", "script of data", "style", "image", "form",
}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_foreign_page(lab, web, host):
    attacker = lab.keep(Listener({"/": in_page("foreign.html").replace("TARGET", web.address)}))
    page = lab.page(web)
    page.until_text(SECRET)
    driver = page.driver
    driver.get(f"http://{host}:{attacker.port}/")
    page.until(lambda: NAMES <= set(page.script("return window.results")), "some of the attacks have not ended")
    results = page.script("return window.results")
    assert all(value == "refused" for value in results.values()), results
    # Both frames show the browser's own page of an error, or nothing: none has the page's text.
    for frame in page.all("iframe"):
        driver.switch_to.frame(frame)
        assert SECRET not in driver.page_source and not page.all("#composer")
        driver.switch_to.default_content()
    # A link may lead to the page, and changes nothing. From another site the cookie stays behind.
    page.click("#link")
    page.until(lambda: driver.current_url.startswith(web.address))
    if host == "localhost":
        page.until(lambda: "cowork-code-mcp-server web" in driver.page_source)
        assert SECRET not in driver.page_source
    # Afterwards the person's page is as it was.
    page.go("/")
    page.until_text(SECRET)


def test_a_window_that_was_opened_by_a_foreign_page(lab, web):
    opener = f"""<!doctype html><button id=open>open</button><script>
      document.querySelector('#open').onclick = () => {{ window.opened = window.open('{web.address}/'); }};</script>"""
    attacker = lab.keep(Listener({"/": opener}))
    page = lab.page(web)
    driver = page.driver
    driver.get(f"http://127.0.0.1:{attacker.port}/")
    before = set(driver.window_handles)
    page.click("#open")
    page.until(lambda: set(driver.window_handles) - before)
    [opened] = set(driver.window_handles) - before
    driver.switch_to.window(opened)
    page.until(lambda: page.script("return document.body?.dataset.connection") == "live")
    assert page.script("return window.opener === null"), "the page knows who opened it, and that one can steer it"
    driver.close()
    page.focus()
    assert page.script("try { return window.opened.closed || typeof window.opened.document } catch { return true }") is True


def test_a_wrong_key_in_a_link_does_not_log_out(lab, web):
    page = lab.page(web)
    page.driver.get(f"{web.address}/?key=wrong")
    page.until_text(SECRET)
    page.go("/")
    page.until_text(SECRET)
