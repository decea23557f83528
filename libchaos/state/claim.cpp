// SPDX-License-Identifier: BSD-3-Clause
// Locks of open file descriptions (fcntl(2), F_OFD_SETLK): other than those of processes they keep threads apart, too.
#include "libchaos/state/claim.hpp"

#include <fcntl.h>
#include <poll.h>

#include <cerrno>
#include <cstring>

namespace chaos {

namespace {

constexpr std::chrono::milliseconds look_every{20};

/// A UUID is random in most of its bits; an offset has 63.
off_t offset_of(const Uuid& guest) {
    std::uint64_t parts[2];
    static_assert(sizeof parts == sizeof guest.bytes);
    std::memcpy(parts, guest.bytes.data(), sizeof parts);
    return static_cast<off_t>((parts[0] ^ parts[1]) & 0x7fff'ffff'ffff'fff0);
}

Result<UniqueFd> open_claims(const std::string& state_directory) {
    const std::string path = state_directory + "/claims";
    UniqueFd file(::openat(AT_FDCWD, path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file.is_open())
        return Error::from_errno("open", errno).while_doing("opening " + path);
    return file;
}

/// False if somebody else has it.
Result<bool> lock(const UniqueFd& file, const Uuid& guest) {
    struct flock range {};
    range.l_type = F_WRLCK;
    range.l_whence = SEEK_SET;
    range.l_start = offset_of(guest);
    range.l_len = 1;
    if (::fcntl(file.get(), F_OFD_SETLK, &range) == 0)
        return true;
    if (errno == EAGAIN || errno == EACCES)
        return false;
    return Error::from_errno("claiming a guest", errno);
}

} // namespace

Result<std::optional<Claim>> Claim::try_take(const std::string& state_directory, const Uuid& guest) {
    UniqueFd file = TRY(open_claims(state_directory));
    if (!TRY(lock(file, guest)))
        return std::optional<Claim>{};
    return std::optional<Claim>(Claim(std::move(file)));
}

Result<Claim> Claim::take(const std::string& state_directory, const Uuid& guest,
                          std::chrono::milliseconds timeout, int stop_fd) {
    using Clock = std::chrono::steady_clock;
    UniqueFd file = TRY(open_claims(state_directory));
    const auto deadline = Clock::now() + timeout;
    while (!TRY(lock(file, guest))) {
        if (Clock::now() >= deadline)
            return Error(ErrorKind::timed_out, "somebody else is shutting it down or making it anew")
                .advise("Try again when that is done.");
        pollfd stop{stop_fd, POLLIN, 0}; // a descriptor of -1 makes this a plain sleep
        if (::poll(&stop, 1, static_cast<int>(look_every.count())) > 0)
            return Error(ErrorKind::interrupted, "interrupted");
    }
    return Claim(std::move(file));
}

} // namespace chaos
