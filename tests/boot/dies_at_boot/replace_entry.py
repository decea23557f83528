# SPDX-License-Identifier: BSD-3-Clause
# Puts other machine code where a PVH kernel is entered: replace_entry.py KERNEL HEX-BYTES
import struct
import sys

pvh_entry_note = 18  # XEN_ELFNOTE_PHYS32_ENTRY
kernel, code = sys.argv[1], bytes.fromhex(sys.argv[2])
with open(kernel, "rb") as file:
    elf = bytearray(file.read())

table, count = struct.unpack_from("<Q", elf, 32)[0], struct.unpack_from("<H", elf, 56)[0]
headers = [struct.unpack_from("<IIQQQQ", elf, table + 56 * number) for number in range(count)]
load, note = 1, 4
entry = None
for kind, _, position, _, _, size in headers:
    end = position + size if kind == note else position
    while position < end:
        name_size, value_size, number = struct.unpack_from("<III", elf, position)
        value = position + 12 + (name_size + 3) // 4 * 4
        if number == pvh_entry_note and elf[position + 12 : value].startswith(b"Xen"):
            entry = struct.unpack_from("<I", elf, value)[0]
        position = value + (value_size + 3) // 4 * 4
for kind, _, position, _, address, size in headers:
    if kind == load and address <= entry < address + size:
        position += entry - address
        elf[position : position + len(code)] = code
with open(kernel, "wb") as file:
    file.write(elf)
