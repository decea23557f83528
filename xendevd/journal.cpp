// SPDX-License-Identifier: BSD-3-Clause
// A journal file: appended to with one write per line, replaced by rename.
#include "xendevd/journal.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace xendevd {

using chaos::Error;
using chaos::Result;

namespace {

constexpr std::string_view ending = ".journal";
constexpr std::size_t longest_file = std::size_t{16} << 20; // far beyond what quotas let a guest cause

} // namespace

Journal::Journal(std::string directory, chaos::DomainId domain)
    : path_(std::move(directory) + "/" + std::to_string(raw(domain)) + std::string(ending)) {}

/// All of `text`, or nothing of it.
Result<void> Journal::write(int file, std::string_view text) const {
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t written = ::write(file, text.data() + done, text.size() - done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            const int reason = errno;
            // Half a line would spoil the next one too.
            (void)!::ftruncate(file, ::lseek(file, 0, SEEK_END) - static_cast<off_t>(done));
            return Error::from_errno("writing " + path_, reason);
        }
        done += static_cast<std::size_t>(written);
    }
    return {};
}

Result<void> Journal::append(std::string_view line) {
    if (!file_.is_open()) {
        file_.reset(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
        if (!file_.is_open())
            return Error::from_errno("opening " + path_, errno);
    }
    std::string text(line);
    text += '\n';
    TRY(write(file_.get(), text));
    size_ += text.size();
    return {};
}

Result<void> Journal::replace(std::span<const std::string> lines) {
    std::string text;
    for (const std::string& line : lines)
        text += line + '\n';
    const std::string temporary = path_ + ".new";
    chaos::UniqueFd file(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600));
    if (!file.is_open())
        return Error::from_errno("opening " + temporary, errno);
    TRY(write(file.get(), text));
    if (::rename(temporary.c_str(), path_.c_str()) != 0)
        return Error::from_errno("renaming " + temporary, errno);
    file_ = std::move(file);
    size_ = text.size();
    return {};
}

void Journal::remove() {
    file_.reset();
    (void)::unlink(path_.c_str()); // it may never have been made
    size_ = 0;
}

Result<std::vector<std::string>> Journal::read() {
    std::vector<std::string> lines;
    std::error_code code;
    const auto size = std::filesystem::file_size(path_, code);
    if (code == std::errc::no_such_file_or_directory)
        return lines;
    if (code)
        return Error::from_errno("looking at " + path_, code.value());
    if (size > longest_file)
        return Error(chaos::ErrorKind::system,
                     path_ + " has " + std::to_string(size) + " bytes: no journal has");
    std::ifstream stream(path_, std::ios::binary);
    std::ostringstream contents;
    contents << stream.rdbuf();
    const std::string text = std::move(contents).str();
    std::size_t start = 0;
    for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', start)) {
        lines.push_back(text.substr(start, end - start));
        start = end + 1;
    }
    // What a killed writer left of its last line would run into the next one.
    if (start != text.size() && ::truncate(path_.c_str(), static_cast<off_t>(start)) != 0)
        return Error::from_errno("cutting a half-written line off " + path_, errno);
    size_ = start;
    return lines;
}

Result<std::vector<chaos::DomainId>> Journal::domains(const std::string& directory) {
    std::vector<chaos::DomainId> found;
    std::error_code code;
    for (std::filesystem::directory_iterator entry(directory, code), end; !code && entry != end;
         entry.increment(code)) {
        const std::string name = entry->path().filename();
        if (!name.ends_with(ending))
            continue;
        std::uint16_t id = 0;
        const char* digits_end = name.data() + name.size() - ending.size();
        const auto [rest, problem] = std::from_chars(name.data(), digits_end, id);
        if (problem == std::errc{} && rest == digits_end)
            found.push_back(chaos::DomainId{id});
    }
    if (code)
        return Error::from_errno("reading the directory " + directory, code.value());
    return found;
}

} // namespace xendevd
