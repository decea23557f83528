// SPDX-License-Identifier: BSD-3-Clause
// Dropping privileges, by libcap-ng and libseccomp.
#include "xendevd/privileges.hpp"

#include <cap-ng.h>
#include <pwd.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <initializer_list>

namespace xendevd {

using chaos::Error;
using chaos::ErrorKind;
using chaos::Result;

namespace {

struct Account {
    uid_t user;
    gid_t group;
};

Result<Account> account_of(const std::string& user) {
    errno = 0;
    const passwd* entry = ::getpwnam(user.c_str());
    if (!entry)
        return Error(ErrorKind::not_found, "there is no user " + user)
            .advise("Make it with `systemd-sysusers` or `useradd --system " + user +
                    "`, or name another with --user.");
    return Account{entry->pw_uid, entry->pw_gid};
}

/// What the loop, the back-ends, the journals and an allocator do. Guests' data goes through ioctl (grants, event
/// channels, TAP), readv/writev and io_uring.
constexpr int allowed[] = {
    // memory
    SCMP_SYS(brk),
    SCMP_SYS(mmap),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(mprotect),
    SCMP_SYS(madvise),
    // descriptors
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(pread64),
    SCMP_SYS(pwrite64),
    SCMP_SYS(preadv),
    SCMP_SYS(pwritev),
    SCMP_SYS(close),
    SCMP_SYS(ioctl),
    SCMP_SYS(fcntl),
    SCMP_SYS(dup),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(fallocate),
    SCMP_SYS(ftruncate),
    SCMP_SYS(flock),
    SCMP_SYS(lseek),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(eventfd2),
    SCMP_SYS(timerfd_create),
    SCMP_SYS(timerfd_settime),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register),
    // files: journals, consoles' logs, /dev/net/tun, /sys/class/net
    SCMP_SYS(open),
    SCMP_SYS(openat),
    SCMP_SYS(stat),
    SCMP_SYS(lstat),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(statx),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(getdents64),
    SCMP_SYS(rename),
    SCMP_SYS(renameat),
    SCMP_SYS(renameat2),
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
    SCMP_SYS(truncate),
    SCMP_SYS(statfs),
    SCMP_SYS(fstatfs),
    // sockets: chaos, netlink, Open vSwitch, systemd
    SCMP_SYS(socket),
    SCMP_SYS(socketpair),
    SCMP_SYS(connect),
    SCMP_SYS(bind),
    SCMP_SYS(accept4),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),
    SCMP_SYS(sendmmsg),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(recvmmsg),
    SCMP_SYS(shutdown),
    SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    // the process itself
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(futex),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getrandom),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(sched_yield),
    SCMP_SYS(uname),
    SCMP_SYS(getrusage),
    SCMP_SYS(sysinfo),
};

} // namespace

Result<void> raise_file_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return Error::from_errno("getrlimit", errno);
    constexpr rlim_t wanted = 1 << 20; // the kernel's own default for fs.nr_open
    if (limit.rlim_cur >= wanted)
        return {};
    const rlimit raised{wanted, std::max(wanted, limit.rlim_max)};
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0)
        return {};
    limit.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0)
        return Error::from_errno("setrlimit", errno);
    return {};
}

Result<void> make_directory_for(const std::string& directory, unsigned mode, const std::string& user) {
    std::error_code code;
    std::filesystem::create_directories(directory, code);
    if (code)
        return Error::from_errno("making the directory " + directory, code.value());
    if (::geteuid() != 0)
        return {};
    const Account account = TRY(account_of(user));
    if (::chown(directory.c_str(), account.user, account.group) != 0 || ::chmod(directory.c_str(), mode) != 0)
        return Error::from_errno("giving " + directory + " to " + user, errno);
    return {};
}

Result<void> become_user(const std::string& user) {
    if (::geteuid() != 0)
        return {};
    const Account account = TRY(account_of(user));
    capng_clear(CAPNG_SELECT_BOTH);
    capng_update(CAPNG_ADD, static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED), CAP_NET_ADMIN);
    const auto flags = static_cast<capng_flags_t>(CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING);
    if (const int status =
            capng_change_id(static_cast<int>(account.user), static_cast<int>(account.group), flags);
        status != 0)
        return Error(ErrorKind::system, "becoming user " + user + " failed in step " +
                                            std::to_string(-status) + " of capng_change_id(3)");
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return Error::from_errno("prctl(PR_SET_NO_NEW_PRIVS)", errno);
    return {};
}

Result<void> restrict_system_calls() {
    const scmp_filter_ctx filter = ::seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (!filter)
        return Error(ErrorKind::out_of_memory, "no memory for a system call filter");
    int status = 0;
    for (const int call : allowed) {
        if (status == 0)
            status = ::seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
    }
    // The worker's thread runs already.
    if (status == 0)
        status = ::seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    // A tree, so that a frequent call costs a few comparisons and not one for each line above.
    if (status == 0)
        status = ::seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (status == 0)
        status = ::seccomp_load(filter);
    ::seccomp_release(filter);
    if (status != 0)
        return Error::from_errno("loading the system call filter", -status);
    return {};
}

} // namespace xendevd
