#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Prints the last lines of Xen's own log. `xl dmesg` does so only where a xenstored runs; this needs none.

Usage: hypervisor_log.py [LINES]
"""
import ctypes
import glob
import sys

LONGEST = 64 * 1024


def main():
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    library = ctypes.CDLL(sorted(glob.glob("/usr/lib/*/libxenctrl.so.*"))[0], use_errno=True)
    library.xc_interface_open.restype = ctypes.c_void_p
    library.xc_interface_open.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint]
    library.xc_readconsolering.argtypes = [
        ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint), ctypes.c_int, ctypes.c_int,
        ctypes.POINTER(ctypes.c_uint32)]
    handle = library.xc_interface_open(None, None, 0)
    text = ctypes.create_string_buffer(LONGEST)
    size = ctypes.c_uint(LONGEST)
    index = ctypes.c_uint32(0)
    if not handle or library.xc_readconsolering(handle, text, ctypes.byref(size), 0, 0, ctypes.byref(index)) != 0:
        print(f"the hypervisor's log cannot be read: error {ctypes.get_errno()}")
        return 1
    for line in text.raw[:size.value].decode(errors="replace").splitlines()[-lines:]:
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
