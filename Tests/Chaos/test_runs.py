"""Runs end when they are told to, and leave nothing behind."""

import contextlib
import io
import os
import signal
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

import soak

HERE = os.path.dirname(os.path.abspath(__file__))
# A run with stores and sessions that only say when they end.
RUN = """
import os
import sys
import MODULE as program

class Store:
    def __init__(self, *arguments, **more):
        self.name = "store"

    def close(self):
        os.write(1, b"closed\\n")

class Arena:
    def __init__(self, store, *arguments, **more):
        self.store, self.sessions = store, {}
        os.write(1, b"begun\\n")

    def kill(self):
        os.write(1, b"killed\\n")

class Faults:
    def __init__(self, *arguments, **more):
        pass

    def stop(self):
        os.write(1, b"stopped\\n")

class Clock:
    @staticmethod
    def compile(folder):
        pass

program.SQLite = program.Postgres = Store
program.Arena, program.Faults, program.Clock = Arena, Faults, Clock
sys.argv = ["run", "binary", "--minutes", "5"]
raise SystemExit(program.main())
"""


class RunTests(unittest.TestCase):
    def interrupts(self, program):
        """What a run says from the beginning of both its stores on, told to end by then."""
        with tempfile.TemporaryDirectory() as folder:
            run = subprocess.Popen(
                [sys.executable, "-B", "-c", RUN.replace("MODULE", program)], cwd=HERE, env={**os.environ, "TMPDIR": folder},
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            try:
                begun = 0
                while begun < 2:
                    begun += run.stdout.readline() == "begun\n"
                run.send_signal(signal.SIGTERM)
                said = run.communicate(timeout=10)[0].splitlines()
            finally:
                run.kill()
                run.communicate()
            self.assertEqual((run.returncode, os.listdir(folder)), (1, []))
            return said

    def test_a_signal_ends_chaos_and_all_that_it_started(self):
        said = self.interrupts("chaos")
        for word in ("stopped", "killed", "closed"):
            self.assertEqual(said.count(word), 2, said)

    def test_a_signal_ends_soaking_and_all_that_it_started(self):
        said = [line for line in self.interrupts("soak") if "samples and histories" not in line]
        self.assertEqual(said, ["killed", "closed", "killed", "closed", "interrupted"])

    def ends(self, signals):
        """Whether a pause of 60 s ends by the signal that a piece of code sends."""
        run = f"""
import os, signal, threading
from interruption import Interrupted, Interruption
interruption = Interruption()
interruption.await_signals()
condition = interruption._came._cond
{signals}
try:
    interruption.pause(60)
except Interrupted:
    print("interrupted")
"""
        said = subprocess.run([sys.executable, "-B", "-c", run], cwd=HERE, capture_output=True, text=True, timeout=30).stdout
        return said == "interrupted\n"

    def test_a_signal_while_the_event_is_locked_ends_the_pause(self):
        self.assertTrue(self.ends("with condition: os.kill(os.getpid(), signal.SIGTERM)"))

    def test_a_signal_that_does_not_interrupt_the_main_thread_ends_the_pause(self):
        self.assertTrue(self.ends("""
def send():
    while not condition._waiters: pass
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
threading.Thread(target=send).start()
"""))

    def test_soaking_refuses_minutes_without_four_samples(self):
        for minutes in ("0.6", "0", "-1", "nan"):
            with self.subTest(minutes=minutes), contextlib.redirect_stderr(io.StringIO()) as errors:
                with unittest.mock.patch.object(sys, "argv", ["soak.py", "/nowhere", "--minutes", minutes]):
                    self.assertRaises(SystemExit, soak.main)
                self.assertIn("give at least 0.67 minutes", errors.getvalue())
