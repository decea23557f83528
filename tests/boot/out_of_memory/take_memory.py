# SPDX-License-Identifier: BSD-3-Clause
# Gives a domain more pages, which it knows nothing of, to leave less free: take_memory.py DOMAIN-ID PAGES
import ctypes
import sys

domain, pages = int(sys.argv[1]), int(sys.argv[2])
library = ctypes.CDLL("libxenctrl.so.4.17", use_errno=True)
library.xc_interface_open.restype = ctypes.c_void_p
handle = ctypes.c_void_p(library.xc_interface_open(None, None, 0))
no_limit_kib = ctypes.c_uint64(1 << 40)
if library.xc_domain_setmaxmem(handle, domain, no_limit_kib) != 0:
    sys.exit(f"xc_domain_setmaxmem: errno {ctypes.get_errno()}")
if library.xc_domain_increase_reservation_exact(handle, domain, ctypes.c_ulong(pages), 0, 0, None) != 0:
    sys.exit(f"xc_domain_increase_reservation_exact: errno {ctypes.get_errno()}")
