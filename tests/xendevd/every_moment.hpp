// SPDX-License-Identifier: BSD-3-Clause
// Looks at shared memory at every moment at which a process that writes to it could be killed.
#pragma once

#include <gtest/gtest.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace xendevd {

/// Has a child process do `work`, one instruction at a time, and calls `look` before the first, and after each that changed
/// `shared`. Returns how many times that was.
inline std::size_t at_every_moment(std::span<const std::byte> shared, const std::function<void()>& work,
                                   const std::function<void()>& look) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        ::raise(SIGSTOP);
        work();
        ::_exit(0);
    }
    std::vector<std::byte> former(shared.begin(), shared.end());
    look();
    std::size_t moments = 1;
    int status = 0;
    while (::waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
        if (!std::equal(former.begin(), former.end(), shared.begin())) {
            former.assign(shared.begin(), shared.end());
            look();
            ++moments;
        }
        if (::ptrace(PTRACE_SINGLESTEP, child, nullptr, nullptr) != 0)
            break;
    }
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "the child ended with status " << status;
    return moments;
}

} // namespace xendevd
