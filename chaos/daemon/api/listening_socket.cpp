// SPDX-License-Identifier: BSD-3-Clause
// A lock beside the socket decides whose path it is: a socket's file alone does not tell whether anybody listens.
#include "chaos/daemon/api/listening_socket.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>

namespace chaos::daemon::api {
namespace {

constexpr int first_passed_fd = 3; // SD_LISTEN_FDS_START, sd_listen_fds(3)

bool number_is(const char* variable, unsigned long wanted) {
    const char* text = std::getenv(variable);
    unsigned long number = 0;
    return text && std::from_chars(text, text + std::strlen(text), number).ec == std::errc{} &&
           number == wanted;
}

/// The socket that systemd listens at for this process.
Result<UniqueFd> passed_socket() {
    if (!number_is("LISTEN_PID", static_cast<unsigned long>(::getpid())))
        return UniqueFd();
    if (!number_is("LISTEN_FDS", 1))
        return Error(ErrorKind::invalid_config, "LISTEN_FDS is not 1: one socket is enough")
            .advise("chaosd.socket has one ListenStream=.");
    UniqueFd socket(first_passed_fd);
    int listens = 0, domain = 0, type = 0;
    socklen_t size = sizeof listens;
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0 ||
        ::getsockopt(socket.get(), SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 || domain != AF_UNIX ||
        ::getsockopt(socket.get(), SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM)
        return Error(ErrorKind::invalid_config,
                     "the descriptor that was passed is no Unix stream socket that listens");
    (void)::fcntl(socket.get(), F_SETFD, FD_CLOEXEC);
    (void)::fcntl(socket.get(), F_SETFL, O_NONBLOCK);
    for (const char* variable : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"})
        ::unsetenv(variable); // it is taken
    return socket;
}

Result<UniqueFd> lock_path(const std::string& path) {
    const std::string name = path + ".lock";
    UniqueFd lock(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!lock.is_open())
        return Error::from_errno("open", errno).while_doing("opening " + name);
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
        return Error(ErrorKind::name_taken, "another chaosd listens at " + path)
            .advise(
                "One chaosd serves all clients; end the other one first, or give this one another socket.");
    return lock;
}

Result<void> give_to(const std::string& path, unsigned mode, const std::string& group) {
    if (!group.empty()) {
        errno = 0;
        const struct group* entry = ::getgrnam(group.c_str());
        if (!entry)
            return Error(ErrorKind::invalid_config, "there is no group " + group)
                .advise("Clients of this group may use the socket; 'groupadd --system NAME' makes one.");
        if (::chown(path.c_str(), static_cast<uid_t>(-1), entry->gr_gid) != 0)
            return Error::from_errno("chown", errno).while_doing("giving " + path + " to group " + group);
    }
    if (::chmod(path.c_str(), mode) != 0)
        return Error::from_errno("chmod", errno).while_doing("setting the mode of " + path);
    return {};
}

} // namespace

Result<ListeningSocket> ListeningSocket::open(const std::string& path, unsigned mode,
                                              const std::string& group) {
    ListeningSocket made;
    made.socket_ = TRY(passed_socket());
    if (made.socket_.is_open())
        return made;

    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path)
        return Error(ErrorKind::invalid_argument, "a socket's path has 1 to 107 bytes: " + path);
    std::memcpy(address.sun_path, path.data(), path.size());
    made.lock_ = TRY(lock_path(path));
    struct stat status {};
    if (::lstat(path.c_str(), &status) == 0) {
        if (!S_ISSOCK(status.st_mode))
            return Error(ErrorKind::invalid_argument, path + " is there and is no socket")
                .advise("Remove it, or give chaosd another socket.");
        (void)::unlink(path.c_str()); // bind() tells if this did not work
    }
    made.socket_ = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!made.socket_.is_open())
        return Error::from_errno("socket", errno);
    const mode_t mask = ::umask(0777);
    const int bound = ::bind(made.socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    const int failure = errno;
    ::umask(mask);
    if (bound != 0)
        return Error::from_errno("bind", failure).while_doing("making the socket " + path);
    made.path_ = path;
    TRY(give_to(path, mode, group));
    if (::listen(made.socket_.get(), SOMAXCONN) != 0)
        return Error::from_errno("listen", errno).while_doing("listening at " + path);
    return made;
}

ListeningSocket::~ListeningSocket() {
    if (lock_.is_open() && !path_.empty())
        (void)::unlink(path_.c_str());
}

} // namespace chaos::daemon::api
