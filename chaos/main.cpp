// SPDX-License-Identifier: BSD-3-Clause
// The program `chaos`: one call, one verb.
#include <signal.h>
#include <unistd.h>

#include "chaos/context.hpp"
#include "chaos/program.hpp"

namespace {

/// Ends the process as SIGINT would have: a shell that runs us in a loop then ends the loop too, and sees
/// status 130.
void end_by_interrupt() {
    ::signal(SIGINT, SIG_DFL);
    sigset_t interrupt;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    ::sigprocmask(SIG_UNBLOCK, &interrupt, nullptr);
    ::raise(SIGINT);
}

} // namespace

int main(int count, char** words) {
    using chaos::cli::ExitCode;
    // Never deleted, and left by _exit(2): the kernel closes and frees faster than destructors could.
    auto* context = new chaos::cli::Context;
    const ExitCode code =
        chaos::cli::run(*context, {words + 1, static_cast<std::size_t>(count > 0 ? count - 1 : 0)});
    if (code == ExitCode::interrupted)
        end_by_interrupt();
    ::_exit(static_cast<int>(code));
}
