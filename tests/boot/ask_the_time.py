#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Asks daytime servers (RFC 867) the time, many at once, and names those that did not tell it.

Usage: ask_the_time.py SECONDS ADDRESS...
"""
import asyncio
import sys
import time


async def ask(address, deadline):
    """The line that the server sends; tried again while there is time, since a connection may meet a guest too early."""
    problem = "no time to ask"
    while (left := deadline - time.monotonic()) > 0:
        writer = None
        try:
            # Not all the time for one attempt: what was lost may be asked for again only much later.
            reader, writer = await asyncio.wait_for(asyncio.open_connection(address, 13), min(left, 20))
            left = max(deadline - time.monotonic(), 0.01)
            line = await asyncio.wait_for(reader.read(), min(left, 20))
            if line.endswith(b"\n") and b":" in line:
                return None
            problem = f"said {line!r}"
        except (OSError, asyncio.TimeoutError) as error:
            problem = repr(error)
        finally:
            if writer is not None:
                writer.close()
        await asyncio.sleep(0.1)
    return problem


async def ask_all(addresses, deadline):
    # Each asks all the others for its way back: more at once, and that fills a slow machine with questions.
    room = asyncio.Semaphore(8)

    async def one(address):
        async with room:
            return address, await ask(address, deadline)

    return await asyncio.gather(*(one(address) for address in addresses))


def main():
    deadline = time.monotonic() + float(sys.argv[1])
    silent = [(address, problem) for address, problem in asyncio.run(ask_all(sys.argv[2:], deadline)) if problem]
    for address, problem in silent[:10]:
        print(f"{address}: {problem}")
    if silent:
        print(f"{len(silent)} of {len(sys.argv) - 2} did not answer")
    return 1 if silent else 0


if __name__ == "__main__":
    sys.exit(main())
