# SPDX-License-Identifier: BSD-3-Clause
# A person at a terminal: runs a program on a pseudo-terminal, waits for what it shows, types, and sees how it ends.
import os
import select
import subprocess
import sys
import termios
import time

patience_s = 10


class Terminal:
    def __init__(self, *words):
        self.words = words
        self.shown = b""
        # The program's end is held open here too, so that its settings can be looked at when the program has ended.
        self.terminal, self.other_end = os.openpty()
        end = self.other_end
        self.process = subprocess.Popen(words, stdin=end, stdout=end, stderr=end, start_new_session=True)

    def fail(self, what):
        print(f"ran:      {' '.join(self.words)}\nshown:    {self.shown!r}")
        self.process.kill()
        sys.exit(f"FAILED: {what}")

    def settings(self):
        return termios.tcgetattr(self.other_end)

    def type(self, text):
        os.write(self.terminal, text.encode())

    def read(self, deadline):
        if time.monotonic() > deadline:
            return False
        if select.select([self.terminal], [], [], 0.05)[0]:
            self.shown += os.read(self.terminal, 4096)
        return True

    def expect(self, text):
        """Waits until the text has been shown, and forgets all up to its end."""
        deadline = time.monotonic() + patience_s
        while text.encode() not in self.shown:
            if not self.read(deadline):
                self.fail(f"'{text}' was expected to be shown")
        self.shown = self.shown.split(text.encode(), 1)[1]

    def expect_end(self, status):
        """Waits until the program ends, with that status as a shell would see it."""
        deadline = time.monotonic() + patience_s
        while True:
            if self.process.poll() is not None:
                break
            if not self.read(deadline):
                self.fail("the program was expected to end")
        while select.select([self.terminal], [], [], 0)[0]:
            self.shown += os.read(self.terminal, 4096)
        code = self.process.returncode
        seen = 128 - code if code < 0 else code
        if seen != status:
            self.fail(f"exit status {status} was expected, {seen} was seen")
