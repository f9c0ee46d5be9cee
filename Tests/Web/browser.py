"""Debian's Chromium, without a window."""

import os

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service


def start(**environment: str) -> webdriver.Chrome:
    options = Options()
    options.binary_location = "/usr/bin/chromium"
    # The sandbox of Chromium refuses root, and containers have a small /dev/shm.
    for argument in (
        "headless=new", "no-sandbox", "disable-dev-shm-usage", "disable-gpu", "window-size=1280,900", "force-device-scale-factor=1",
        "disable-background-networking", "disable-component-update", "no-first-run", "lang=en",
    ):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    # A dialog that a text opens must be noticed, not closed.
    options.unhandled_prompt_behavior = "ignore"
    driver = webdriver.Chrome(options, Service("/usr/bin/chromedriver", env={**os.environ, **environment}))
    driver.set_script_timeout(120)
    return driver
