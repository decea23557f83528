// SPDX-License-Identifier: BSD-3-Clause
// Whole processes, as a shell starts them, and the files they read. What goes wrong ends the benchmark.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "tests/bench/samples.hpp"

namespace bench {

using Command = std::vector<std::string>;

[[noreturn]] inline void fail(const std::string& what) {
    std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, what.c_str());
    std::exit(1);
}

inline std::string in_words(const Command& command) {
    std::string words;
    for (const std::string& word : command)
        words += (words.empty() ? "" : " ") + word;
    return words;
}

enum class Way : std::uint8_t { fork, vfork };

/// fork or vfork, exec, wait; ns.
inline std::uint64_t run(const Command& command, Way way) {
    std::vector<char*> arguments;
    for (const std::string& word : command)
        arguments.push_back(const_cast<char*>(word.c_str())); // execv() does not write to them
    arguments.push_back(nullptr);

    const std::uint64_t start = now_ns();
    const pid_t child = way == Way::fork ? ::fork() : ::vfork();
    if (child < 0)
        fail(std::string("fork: ") + std::strerror(errno));
    if (child == 0) {
        ::execv(arguments[0], arguments.data());
        ::_exit(127);
    }
    int status = 0;
    if (::waitpid(child, &status, 0) != child)
        fail(std::string("waitpid: ") + std::strerror(errno));
    const std::uint64_t end = now_ns();
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail(in_words(command) + " failed with status " + std::to_string(status));
    return end - start;
}

/// What follows a domain's end happens a little later in Xen, and xl's monitor process and the kernel's
/// back-ends need some time, too, to see it.
inline void let_host_settle() {
    usleep(100'000);
}

inline void write_file(const std::string& path, const std::string& text) {
    std::FILE* file = std::fopen(path.c_str(), "we");
    if (!file || std::fputs(text.c_str(), file) < 0 || std::fclose(file) != 0)
        fail("writing " + path + ": " + std::strerror(errno));
}

/// While it lives standard output goes to a file, made anew.
class Redirect {
  public:
    /// What is started meanwhile must not keep the former output open: xl leaves processes behind.
    explicit Redirect(const std::string& path) : output_(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)) {
        const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (output_ < 0 || file < 0 || ::dup2(file, STDOUT_FILENO) < 0)
            fail("sending output to " + path + ": " + std::strerror(errno));
        ::close(file);
    }
    ~Redirect() {
        ::dup2(output_, STDOUT_FILENO);
        ::close(output_);
    }
    Redirect(const Redirect&) = delete;
    Redirect& operator=(const Redirect&) = delete;

  private:
    int output_;
};

/// While it lives standard output leads nowhere: xl says what it reads.
class Silence : public Redirect {
  public:
    Silence() : Redirect("/dev/null") {}
};

} // namespace bench
