// SPDX-License-Identifier: BSD-3-Clause
// Counts the system calls and, inside them, the hypercalls of a command, each by name: what `chaos create`
// does, seen from outside.
//
// Xen's libraries reach the hypervisor through ioctl(2): on /dev/xen/privcmd one number stands for any
// hypercall, whose name is in its arguments (xen/xen.h), and others map guest memory; event channels have a
// device of their own.
#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <set>
#include <string>

namespace {

struct CallName {
    std::uint64_t number;
    const char* name;
};

// Made by CMake from the system's headers: syscall_names, domctl_names, sysctl_names, memory_op_names, …
#include "call_names.inc"

template<std::size_t size>
std::string name_in(const CallName (&names)[size], std::uint64_t number) {
    for (const CallName& call : names)
        if (call.number == number)
            return call.name;
    return std::to_string(number);
}

/// Reads a traced process's memory where ptrace cannot: buffers for hypercalls lie in a device's mapping. A
/// process that stopped on its way into a system call is made to write the bytes into our pipe instead, and
/// then to come back.
class Reader {
  public:
    Reader() {
        if (::pipe(pipe_) != 0 || (child_end_ = ::fcntl(pipe_[1], F_DUPFD, 900)) < 0)
            ::exit(1);
    }
    bool read(pid_t process, std::uint64_t address, void* buffer, std::size_t size) const {
        user_regs_struct original{};
        ::ptrace(PTRACE_GETREGS, process, nullptr, &original);
        user_regs_struct writing = original;
        writing.orig_rax = SYS_write;
        writing.rdi = static_cast<std::uint64_t>(child_end_);
        writing.rsi = address;
        writing.rdx = size;
        const long written = run_call(process, writing);
        // Back to before the instruction: the call that was asked for comes once more.
        user_regs_struct again = original;
        again.rip -= 2;
        again.rax = original.orig_rax;
        ::ptrace(PTRACE_SETREGS, process, nullptr, &again);
        ::ptrace(PTRACE_SYSCALL, process, nullptr, nullptr);
        ::waitpid(process, nullptr, __WALL);
        return written == static_cast<long>(size) && ::read(pipe_[0], buffer, size) == written;
    }

  private:
    static long run_call(pid_t process, user_regs_struct& registers) {
        ::ptrace(PTRACE_SETREGS, process, nullptr, &registers);
        ::ptrace(PTRACE_SYSCALL, process, nullptr, nullptr);
        ::waitpid(process, nullptr, __WALL);
        ::ptrace(PTRACE_GETREGS, process, nullptr, &registers);
        return static_cast<long>(registers.rax);
    }

    int pipe_[2] = {-1, -1};
    int child_end_ = -1; // inherited, out of the way of the descriptors that programs count on
};

using Counts = std::map<std::string, unsigned>;

struct Totals {
    Counts system_calls;
    Counts xen_calls; ///< hypercalls, and what the kernel does with Xen on our behalf
};

class Counter {
  public:
    Totals totals;

    /// A process has stopped on its way into a system call.
    void count(pid_t process) {
        user_regs_struct registers{};
        if (::ptrace(PTRACE_GETREGS, process, nullptr, &registers) != 0)
            return;
        ++totals.system_calls[name_in(syscall_names, registers.orig_rax)];
        if (registers.orig_rax == SYS_ioctl)
            count_ioctl(process, registers.rsi & 0xffffffff, registers.rdx);
    }

  private:
    // By the numbers of Linux's headers of these devices, which it does not install.
    void count_ioctl(pid_t process, std::uint64_t request, std::uint64_t argument) {
        const auto type = request >> 8 & 0xff;
        const auto number = request & 0xff;
        if (type == 'P' && number == 0) {
            std::array<std::uint64_t, 3> call{}; // operation and its arguments
            if (reader_.read(process, argument, call.data(), sizeof(call)))
                count_hypercall(process, call[0], call[1], call[2]);
        } else if (type == 'P' && number != probing) {
            ++totals.xen_calls["privcmd " + name_in(privcmd_names, number)];
        } else if (type == 'E' && number < std::size(evtchn_names)) {
            ++totals.xen_calls["evtchn " + name_in(evtchn_names, number)];
        }
    }

    /// Most hypercalls have what is wanted as their first argument or behind it; numbers as in xen/xen.h.
    void count_hypercall(pid_t process, std::uint64_t operation, std::uint64_t first, std::uint64_t second) {
        const auto behind = [&](const auto& names) {
            std::uint32_t command = 0;
            return reader_.read(process, first, &command, sizeof(command)) ? name_in(names, command) : "?";
        };
        std::string name;
        switch (operation) {
        case 12:
            name = "memory_op " + name_in(memory_op_names, first & 63); // above them: where to go on
            break;
        case 13:
            return count_multicall(process, first, second);
        case 17:
            name = "xen_version " + name_in(version_names, first);
            break;
        case 20:
            name = "grant_table_op " + name_in(grant_names, first);
            break;
        case 29:
            name = "sched_op " + name_in(sched_names, first);
            break;
        case 32:
            name = "event_channel_op " + name_in(event_channel_names, first);
            break;
        case 34:
            name = "hvm_op " + name_in(hvm_op_names, first);
            break;
        case 35:
            name = "sysctl " + behind(sysctl_names);
            break;
        case 36:
            name = "domctl " + behind(domctl_names);
            break;
        default:
            name = "hypercall " + std::to_string(operation);
        }
        ++totals.xen_calls[name];
    }

    void count_multicall(pid_t process, std::uint64_t list, std::uint64_t length) {
        std::array<std::uint64_t, 8> entry{}; // operation, result, six arguments
        for (std::uint64_t i = 0; i < length; ++i)
            if (reader_.read(process, list + i * sizeof(entry), entry.data(), sizeof(entry)))
                count_hypercall(process, entry[0], entry[2], entry[3]);
    }

    static constexpr std::uint64_t probing = 0xff; // libxencall asks what the kernel knows
    Reader reader_;
};

/// Runs until the command ends; children that outlive it are let go. Returns its exit status.
int trace(pid_t command, Counter& counter) {
    std::set<pid_t> inside; // processes stopped at a call's entry, to be seen again at its exit
    int status = 0;
    ::waitpid(command, &status, 0); // stopped by itself, before execve()
    ::ptrace(PTRACE_SETOPTIONS, command, nullptr,
             PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                 PTRACE_O_TRACEEXEC);
    ::ptrace(PTRACE_SYSCALL, command, nullptr, nullptr);
    for (;;) {
        const pid_t process = ::waitpid(-1, &status, __WALL);
        if (process < 0)
            return 1;
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            if (process == command)
                return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            inside.erase(process);
            continue;
        }
        int signal = WSTOPSIG(status);
        if (signal == (SIGTRAP | 0x80)) {
            signal = 0;
            if (inside.erase(process) == 0) {
                inside.insert(process);
                counter.count(process);
            }
        } else if (signal == SIGTRAP || signal == SIGSTOP) {
            signal = 0; // ptrace's own events
        }
        ::ptrace(PTRACE_SYSCALL, process, nullptr, signal);
    }
}

unsigned sum(const Counts& counts) {
    unsigned all = 0;
    for (const auto& [name, count] : counts)
        all += count;
    return all;
}

void print_json(const char* key, const Counts& counts) {
    std::printf("\"%s\": {", key);
    const char* separator = "";
    for (const auto& [name, count] : counts) {
        std::printf("%s\"%s\": %u", separator, name.c_str(), count);
        separator = ", ";
    }
    std::printf("}");
}

void print_table(const char* heading, const Counts& counts) {
    std::fprintf(stderr, "%5u %s\n", sum(counts), heading);
    for (const auto& [name, count] : counts)
        std::fprintf(stderr, "%5u   %s\n", count, name.c_str());
}

} // namespace

int main(int argument_count, char** arguments) {
    const bool table = argument_count > 1 && std::strcmp(arguments[1], "--table") == 0;
    char** const command_line = arguments + (table ? 2 : 1);
    if (!*command_line || **command_line == '-') {
        std::fputs(
            "Usage: trace_calls [--table] COMMAND [ARGUMENT...]\n"
            "Runs COMMAND and prints its system calls and hypercalls, counted by name, as JSON on standard\n"
            "output; with --table also as a table on standard error. Its exit status is COMMAND's.\n",
            stderr);
        return 2;
    }
    Counter counter;
    const pid_t command = ::fork();
    if (command == 0) {
        ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        ::raise(SIGSTOP);
        ::execvp(command_line[0], command_line);
        ::_exit(127);
    }
    if (command < 0) {
        std::fprintf(stderr, "trace_calls: fork: %s\n", std::strerror(errno));
        return 1;
    }
    const int status = trace(command, counter);
    const Totals& totals = counter.totals;
    std::printf("{\"bench\": \"calls\", ");
    print_json("syscalls", totals.system_calls);
    std::printf(", ");
    print_json("xen", totals.xen_calls);
    std::printf("}\n");
    if (table) {
        print_table("calls of Xen, all of them inside ioctl", totals.xen_calls);
        print_table("system calls", totals.system_calls);
    }
    return status;
}
