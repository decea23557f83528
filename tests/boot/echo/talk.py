#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Talks to the echo unikernel in all its services, and compares every byte.

Usage: talk.py ADDRESS [MEBIBYTES]
"""
import random
import socket
import sys
import threading
import time

address = sys.argv[1]
size = int(sys.argv[2]) << 20 if len(sys.argv) > 2 else 8 << 20


def tell(what, count, start):
    seconds = time.monotonic() - start
    print(f"{what}: {count} bytes in {seconds:.2f} s, {count / seconds / 1e6:.1f} MB/s")


def connect(port):
    connection = socket.create_connection((address, port), 20)
    connection.settimeout(60)
    return connection


def echo(data, chunk):
    """What is sent comes back, while more is sent."""
    connection = connect(7)
    start = time.monotonic()

    def send():
        for offset in range(0, len(data), chunk):
            connection.sendall(data[offset : offset + chunk])
        connection.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send)
    sender.start()
    received = bytearray()
    while piece := connection.recv(1 << 18):
        received += piece
    sender.join()
    assert received == data, f"echo: {len(received)} of {len(data)} bytes came back, or others"
    tell(f"echo in chunks of {chunk}", len(data), start)


def discard(count):
    connection = connect(9)
    block = bytes(1 << 18)
    start = time.monotonic()
    for _ in range(count // len(block)):
        connection.sendall(block)
    connection.shutdown(socket.SHUT_WR)
    assert connection.recv(1) == b"", "discard: it answered"
    tell("discard", count, start)


def chargen(count):
    """RFC 864: 72 of 95 characters a line, each line one further on."""
    lines = b"".join(bytes(32 + (line + column) % 95 for column in range(72)) + b"\r\n" for line in range(95))
    pattern = lines * ((1 << 18) // len(lines) + 2)
    connection = connect(19)
    start = time.monotonic()
    got = 0
    while got < count:
        piece = connection.recv(1 << 18)
        assert piece, "chargen: it ended"
        place = got % len(lines)
        assert pattern[place : place + len(piece)] == piece, f"chargen: other bytes after {got}"
        got += len(piece)
    connection.close()
    tell("chargen", got, start)


def datagrams(count):
    """Some may be lost on the way or come late, none may change."""
    socket_ = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    socket_.settimeout(2)
    sent, answered = set(), 0
    for number in range(count):
        data = random.randbytes(number * 1472 // count)
        sent.add(data)
        socket_.sendto(data, (address, 7))
        try:
            assert socket_.recv(2048) in sent, "UDP echo: other bytes"
            answered += 1
        except TimeoutError:
            pass
    assert answered >= count // 2, f"UDP echo: {answered} of {count}"
    print(f"UDP echo: {answered} of {count}")


def many_connections(count):
    """All at once, each with a message of its own."""
    connections = [connect(7) for _ in range(count)]
    for number, connection in enumerate(connections):
        connection.sendall(b"%06d" % number)
    for number, connection in enumerate(connections):
        assert connection.recv(6) == b"%06d" % number
        connection.close()
    print(f"{count} connections at once")


datagrams(100)
many_connections(100)
discard(size)
chargen(size)
echo(random.randbytes(size // 4), 1 << 16)
echo(random.randbytes(100_000), 777)
echo(b"x", 1)
