// SPDX-License-Identifier: BSD-3-Clause
// One message stays one line of plain characters.
#include "libchaos/log_line.hpp"

#include <unistd.h>

#include <algorithm>
#include <string>

namespace chaos {

void write_log_line(int level, std::string_view program, std::string_view text) {
    std::string line = "<" + std::to_string(level) + ">";
    line.append(program).append(": ").append(text);
    std::replace_if(
        line.begin(), line.end(), [](unsigned char letter) { return letter < 0x20 || letter == 0x7f; }, ' ');
    line += '\n';
    (void)!::write(STDERR_FILENO, line.data(), line.size());
}

} // namespace chaos
