# SPDX-License-Identifier: BSD-3-Clause
# What a person does with the console of guest `hello`, which runs already: talks, leaves, comes back, is cut off.
import subprocess
import sys
import termios

from terminal import Terminal

leave = "\x1d"  # Ctrl-]


def step(text):
    print("--", text, flush=True)


def chaos(*words):
    return subprocess.run(["chaos", *words], capture_output=True, text=True, check=False)


step("what the guest wrote before anybody listened is shown; lines come back; Ctrl-] leaves")
first = Terminal("chaos", "console", "hello")
first.expect("console of guest hello; Ctrl-] leaves it")
first.expect("Hello from a unikernel with")
first.expect('"quit" powers off')
first.type("is anybody there?\r")
first.expect("is anybody there?")
raw = first.settings()

step("a second one is refused, the first goes on")
second = chaos("console", "hello")
if second.returncode == 0 or "another `chaos console`" not in second.stderr:
    sys.exit(f"FAILED: the second console was expected to be refused, seen: {second}")
first.type("still here\r")
first.expect("still here")

step("lines enough to fill the rings several times come back whole and in order")
for number in range(40):
    line = f"{number:03} " + "abcdefghij" * 20
    first.type(line + "\r")
    first.expect(line + "\r")
first.type(leave)
first.expect_end(0)
if first.settings()[3] == raw[3]:
    sys.exit("FAILED: the terminal was expected to be no longer raw after leaving")

step("come back")
back = Terminal("chaos", "console", "hello")
back.expect("Ctrl-] leaves it")
back.type("again\r")
back.expect("again")

step("SIGTERM gives the terminal back")
back.process.terminate()
back.expect_end(130)
if not back.settings()[3] & termios.ICANON:
    sys.exit("FAILED: the terminal was expected to be as before after SIGTERM")

step("Ctrl-C is the guest's, not ours")
third = Terminal("chaos", "console", "hello")
third.expect("Ctrl-] leaves it")
third.type("\x03after\r")
third.expect("after")
third.type("quit\r")
third.expect("Goodbye.")
third.expect("has stopped (poweroff)")
third.expect_end(0)

step("create -c: from the first word on, and away while it runs")
created = Terminal("chaos", "create", "-c", "hello.cfg", "name=attended")
created.expect("Hello from a unikernel with")
created.type("one\r")
created.expect("one")
created.type(leave)
created.expect_end(0)

step("a guest that is destroyed meanwhile ends its console")
watched = Terminal("chaos", "console", "attended")
watched.expect("Ctrl-] leaves it")
if chaos("destroy", "attended").returncode != 0:
    sys.exit("FAILED: destroying a guest whose console is attached was expected to work")
watched.expect("was destroyed")
watched.expect_end(0)

step("create -c of a guest that crashes tells so")
crashed = Terminal("chaos", "create", "-c", "crash.cfg", "name=crashed")
crashed.expect("*** trap 14: page fault")
crashed.expect("guest crashed crashed")
crashed.expect_end(8)
