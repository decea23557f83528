// SPDX-License-Identifier: BSD-3-Clause
// Printing with write(2), and the one place that decides how a failure looks.
#include "chaos/output.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>

namespace chaos::cli {

namespace {

/// Writes all of it, or returns the errno that stopped it.
int write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(descriptor, text.data(), text.size());
        if (written < 0 && errno != EINTR)
            return errno;
        if (written > 0)
            text.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
}

} // namespace

std::string format(const char* pattern, ...) {
    std::va_list arguments;
    va_start(arguments, pattern);
    std::va_list again;
    va_copy(again, arguments);
    const int length = std::vsnprintf(nullptr, 0, pattern, arguments);
    va_end(arguments);
    std::string text(length > 0 ? static_cast<std::size_t>(length) : 0, '\0');
    std::vsnprintf(text.data(), text.size() + 1, pattern, again);
    va_end(again);
    return text;
}

Result<void> print(std::string_view text) {
    if (const int failure = write_all(STDOUT_FILENO, text); failure != 0)
        return Error::from_errno("write", failure).while_doing("writing to standard output");
    return {};
}

void note(std::string_view line) {
    std::string text(line);
    text += '\n';
    write_all(STDERR_FILENO, text);
}

std::string presentable(const Error& error) {
    std::string text = "chaos: " + error.story();
    if (!error.advice().empty())
        text += "\n" + error.advice();
    text.resize(text.find_last_not_of('\n') + 1);
    std::string shown;
    for (const char character : text) {
        const auto byte = static_cast<unsigned char>(character);
        if (character == '\n')
            shown += "\n  ";
        else if ((byte < ' ' && character != '\t') || byte == 0x7f)
            shown += character == '\r' ? std::string() : format("\\x%02x", byte);
        else
            shown += character;
    }
    return shown;
}

void report(const Error& error) {
    note(presentable(error));
}

} // namespace chaos::cli
