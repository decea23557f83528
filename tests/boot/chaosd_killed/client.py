#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Makes guests over chaosd's API and destroys every second one, until there is a file `stop`; whatever becomes of chaosd.

Writes the names of the guests that it was told of, and did not destroy, to told-NUMBER."""
import json
import os
import socket
import sys
import time

path, kernel, number = sys.argv[1:]


def ask(method, target, body=""):
    """The status of the answer, or None if there is none."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(20)
            connection.connect(path)
            head = f"{method} {target} HTTP/1.1\r\nHost: chaosd\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall((head + body).encode())
            answer = b""
            while part := connection.recv(65536):
                answer += part
        return int(answer.split(b" ", 2)[1])
    except (OSError, IndexError, ValueError):
        time.sleep(0.05)
        return None


with open(f"told-{number}", "w", buffering=1) as told:
    attempt = 0
    while not os.path.exists("stop"):
        attempt += 1
        name = f"c{number}-{attempt}"
        config = {"name": name, "kernel": kernel, "memory_kib": 1024}
        if ask("POST", "/v1/guests", json.dumps({"config": config})) != 201:
            continue
        if attempt % 2:
            told.write(name + "\n")
        else:
            ask("DELETE", f"/v1/guests/{name}")
