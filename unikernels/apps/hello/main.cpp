// SPDX-License-Identifier: BSD-3-Clause
// Writes to the console and reads from it: greets, then echoes lines until it reads "quit".
#include "runtime.hpp"

void unikernel::app_main(const BootInfo& boot) {
    print("Hello from a unikernel with {} KiB of RAM.\n", boot.ram_bytes() / kibibyte);
    write("Command line: ");
    write(boot.command_line());
    write("\nWhat you write comes back; \"quit\" powers off.\n");
    ready();

    char buffer[256];
    for (;;) {
        const auto line = read_line(buffer);
        if (line == "quit") {
            write("Goodbye.\n");
            return;
        }
        write(line);
        write("\n");
    }
}
