// SPDX-License-Identifier: BSD-3-Clause
// Carries a job's input and output between its pipes and the virtio ports that lead out of the lab.
//
// The job gets ordinary pipes, since a port can be opened only once and a script may well write to
// /dev/stderr.
#pragma once

#include <sys/types.h>

namespace lab {

struct Pipe {
    int read_end = -1;
    int write_end = -1;
};

Pipe make_pipe();

// Feeds what arrives at the port to the job, from a process of its own, until either side ends.
void feed_input(int port, Pipe input);

// Where one of the job's outputs goes.
struct Output {
    Pipe pipe;
    int port = -1;
};

// Returns the job's wait status, once all that it wrote has left. What it left running is not waited for.
int relay_until_end_of(pid_t job, const Output (&outputs)[2]);

} // namespace lab
