// SPDX-License-Identifier: BSD-3-Clause
// Wrappers that the linker puts in place of the file system calls, for every object of the test program.
#include "system_calls.hpp"

#include "xen.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace chaos::fakes::system_calls {
namespace {

bool counting = false;
std::vector<std::string> calls;
std::size_t failing_call = 0;
int failing_errno = 0;
std::string failing_name;
std::size_t fatal_call = 0;
std::size_t disturbed_call = 0;
std::function<void()> disturbance;

/// Whether this call is to fail; errno is then set.
bool fails(const char* name) {
    if (!counting)
        return false;
    calls.emplace_back(name);
    if (calls.size() == fatal_call)
        ::kill(::getpid(), SIGKILL);
    if (calls.size() == disturbed_call) {
        counting = false;
        disturbance();
        counting = true;
    }
    if (calls.size() != failing_call && calls.back() != failing_name)
        return false;
    errno = failing_errno;
    return true;
}

} // namespace

std::function<void()> after_send;

void start_counting() {
    calls.clear();
    counting = true;
}

std::vector<std::string> stop_counting() {
    counting = false;
    failing_call = 0;
    failing_name.clear();
    fatal_call = 0;
    disturbed_call = 0;
    return calls;
}

void fail_at(std::size_t number, int errno_value) {
    failing_call = number;
    failing_errno = errno_value;
}

void fail_all(std::string_view name, int errno_value) {
    failing_name = name;
    failing_errno = errno_value;
}

void die_at(std::size_t number) {
    fatal_call = number;
}

void do_before(std::size_t number, std::function<void()> deed) {
    disturbed_call = number;
    disturbance = std::move(deed);
}

} // namespace chaos::fakes::system_calls

using chaos::fakes::system_calls::fails;

extern "C" {

int __real_openat(int directory, const char* path, int flags, mode_t mode);
int __wrap_openat(int directory, const char* path, int flags, mode_t mode) {
    return fails("openat") ? -1 : __real_openat(directory, path, flags, mode);
}

int __real_flock(int file, int operation);
int __wrap_flock(int file, int operation) {
    return fails("flock") ? -1 : __real_flock(file, operation);
}

int __real_fstat(int file, struct stat* status);
int __wrap_fstat(int file, struct stat* status) {
    return fails("fstat") ? -1 : __real_fstat(file, status);
}

int __real_ftruncate(int file, off_t size);
int __wrap_ftruncate(int file, off_t size) {
    return fails("ftruncate") ? -1 : __real_ftruncate(file, size);
}

int __real_fdatasync(int file);
int __wrap_fdatasync(int file) {
    return fails("fdatasync") ? -1 : __real_fdatasync(file);
}

ssize_t __real_write(int file, const void* bytes, std::size_t size);
ssize_t __wrap_write(int file, const void* bytes, std::size_t size) {
    if (chaos::fakes::take_unmasked_ports(file, bytes, size))
        return static_cast<ssize_t>(size);
    return fails("write") ? -1 : __real_write(file, bytes, size);
}

ssize_t __real_pread(int file, void* bytes, std::size_t size, off_t offset);
ssize_t __wrap_pread(int file, void* bytes, std::size_t size, off_t offset) {
    return fails("pread") ? -1 : __real_pread(file, bytes, size, offset);
}

ssize_t __real_pwrite(int file, const void* bytes, std::size_t size, off_t offset);
ssize_t __wrap_pwrite(int file, const void* bytes, std::size_t size, off_t offset) {
    return fails("pwrite") ? -1 : __real_pwrite(file, bytes, size, offset);
}

int __real_linkat(int from_directory, const char* from, int to_directory, const char* to, int flags);
int __wrap_linkat(int from_directory, const char* from, int to_directory, const char* to, int flags) {
    return fails("linkat") ? -1 : __real_linkat(from_directory, from, to_directory, to, flags);
}

int __real_symlinkat(const char* target, int directory, const char* path);
int __wrap_symlinkat(const char* target, int directory, const char* path) {
    return fails("symlinkat") ? -1 : __real_symlinkat(target, directory, path);
}

ssize_t __real_readlinkat(int directory, const char* path, char* target, std::size_t size);
ssize_t __wrap_readlinkat(int directory, const char* path, char* target, std::size_t size) {
    return fails("readlinkat") ? -1 : __real_readlinkat(directory, path, target, size);
}

int __real_rename(const char* from, const char* to);
int __wrap_rename(const char* from, const char* to) {
    return fails("rename") ? -1 : __real_rename(from, to);
}

int __real_renameat(int from_directory, const char* from, int to_directory, const char* to);
int __wrap_renameat(int from_directory, const char* from, int to_directory, const char* to) {
    return fails("renameat") ? -1 : __real_renameat(from_directory, from, to_directory, to);
}

int __real_unlink(const char* path);
int __wrap_unlink(const char* path) {
    return fails("unlink") ? -1 : __real_unlink(path);
}

int __real_unlinkat(int directory, const char* path, int flags);
int __wrap_unlinkat(int directory, const char* path, int flags) {
    return fails("unlinkat") ? -1 : __real_unlinkat(directory, path, flags);
}

int __real_access(const char* path, int mode);
int __wrap_access(const char* path, int mode) {
    return fails("access") ? -1 : __real_access(path, mode);
}

int __real_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol) {
    return fails("socket") ? -1 : __real_socket(domain, type, protocol);
}

int __real_connect(int file, const sockaddr* address, socklen_t size);
int __wrap_connect(int file, const sockaddr* address, socklen_t size) {
    return fails("connect") ? -1 : __real_connect(file, address, size);
}

int __real_accept4(int file, sockaddr* address, socklen_t* size, int flags);
int __wrap_accept4(int file, sockaddr* address, socklen_t* size, int flags) {
    return fails("accept4") ? -1 : __real_accept4(file, address, size, flags);
}

ssize_t __real_sendmsg(int file, const msghdr* message, int flags);
ssize_t __wrap_sendmsg(int file, const msghdr* message, int flags) {
    if (fails("sendmsg"))
        return -1;
    const ssize_t sent = __real_sendmsg(file, message, flags);
    const int reason = errno;
    if (chaos::fakes::system_calls::after_send)
        chaos::fakes::system_calls::after_send();
    errno = reason;
    return sent;
}

int __real_poll(pollfd* files, nfds_t count, int timeout);
int __wrap_poll(pollfd* files, nfds_t count, int timeout) {
    return fails("poll") ? -1 : __real_poll(files, count, timeout);
}

ssize_t __real_recvmsg(int file, msghdr* message, int flags);
ssize_t __wrap_recvmsg(int file, msghdr* message, int flags) {
    return fails("recvmsg") ? -1 : __real_recvmsg(file, message, flags);
}

} // extern "C"
