#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Sends to an echo server and compares what comes back, for some seconds: no byte may be lost, no answer may take too long.

Usage: steady.py ADDRESS SECONDS LONGEST-SECONDS
"""
import socket
import sys
import time

address, seconds, longest = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
connection = socket.create_connection((address, 7), longest)
connection.settimeout(longest)
end = time.monotonic() + seconds
rounds, worst = 0, 0.0
while time.monotonic() < end:
    data = bytes([rounds % 256]) * 1000
    start = time.monotonic()
    connection.sendall(data)
    answer = b""
    while len(answer) < len(data):
        piece = connection.recv(2048)
        assert piece, "the connection ended"
        answer += piece
    assert answer == data, "other bytes came back"
    rounds, worst = rounds + 1, max(worst, time.monotonic() - start)
    time.sleep(0.01)
print(f"{rounds} round trips, the longest took {worst * 1000:.0f} ms")
