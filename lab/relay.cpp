// SPDX-License-Identifier: BSD-3-Clause
// Carries a job's input and output between its pipes and the virtio ports that lead out of the lab.
#include "relay.hpp"

#include <array>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lab {

namespace {

// Moves what one read gives; false at the end of input or when the other side is gone.
bool carry(int from, int to) {
    std::array<char, 65536> buffer;
    const ssize_t length = read(from, buffer.data(), buffer.size());
    for (ssize_t done = 0; done < length;) {
        const ssize_t written = write(to, buffer.data() + done, static_cast<size_t>(length - done));
        if (written < 0)
            return false;
        done += written;
    }
    return length > 0;
}

} // namespace

Pipe make_pipe() {
    int ends[2] = {-1, -1};
    return pipe2(ends, O_CLOEXEC) == 0 ? Pipe{ends[0], ends[1]} : Pipe{};
}

void feed_input(int port, Pipe input) {
    if (fork() == 0) {
        close(input.read_end);
        // Until the other side's "connected" has come through, reading says end of file.
        pollfd connected{port, POLLIN, 0};
        for (int attempt = 0; attempt < 200 && poll(&connected, 1, 0) >= 0 && connected.revents & POLLHUP;
             ++attempt)
            usleep(5000);
        while (carry(port, input.write_end)) {
        }
        _exit(0);
    }
    close(input.write_end);
    close(port);
}

int relay_until_end_of(pid_t job, const Output (&outputs)[2]) {
    sigset_t child_ended;
    sigemptyset(&child_ended);
    sigaddset(&child_ended, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child_ended, nullptr);
    const int signals = signalfd(-1, &child_ended, SFD_CLOEXEC | SFD_NONBLOCK);

    bool running = true;
    int job_status = 0;
    for (;;) {
        // Orphans of the job come to process 1 too.
        int status = 0;
        for (pid_t ended = 0; (ended = waitpid(-1, &status, WNOHANG)) > 0;) {
            if (ended == job) {
                running = false;
                job_status = status;
            }
        }
        pollfd waiting[] = {{outputs[0].pipe.read_end, POLLIN, 0},
                            {outputs[1].pipe.read_end, POLLIN, 0},
                            {signals, POLLIN, 0}};
        if (poll(waiting, running ? 3 : 2, running ? -1 : 0) == 0 && !running)
            return job_status;
        for (int i = 0; i < 2; ++i)
            if (waiting[i].revents & POLLIN)
                carry(outputs[i].pipe.read_end, outputs[i].port);
        if (signalfd_siginfo ignored; waiting[2].revents & POLLIN)
            while (read(signals, &ignored, sizeof ignored) > 0) {
            }
    }
}

} // namespace lab
