// SPDX-License-Identifier: BSD-3-Clause
// TAP devices by /dev/net/tun (Documentation/networking/tuntap.rst in Linux).
#include "xendevd/vif/tap.hpp"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "noxs/noxs.h"

namespace xendevd {

using chaos::Error;
using chaos::ErrorKind;
using chaos::Result;

bool is_interface_name(const std::string& name) {
    return !name.empty() && name.size() < IFNAMSIZ && name != "." && name != ".." &&
           name.find_first_of("/:% \t\n") == std::string::npos;
}

std::string text_in_sys(const std::string& path) {
    const chaos::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 256> text;
    const ssize_t size = file.is_open() ? ::read(file.get(), text.data(), text.size()) : -1;
    return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size) - 1) : std::string();
}

Result<Tap> Tap::open(const std::string& name) {
    if (!is_interface_name(name))
        return Error(ErrorKind::invalid_argument, "\"" + name + "\" is no name of an interface")
            .advise("Such names have 1 to 15 characters.");
    auto tap = attach(name, false);
    if (tap || tap.error().kind() != ErrorKind::name_taken)
        return tap;
    if (!text_in_sys("/sys/class/net/" + name + "/ifalias").starts_with(alias_beginning))
        return tap;
    return attach(name, true);
}

void Tap::load_module() {
    const chaos::UniqueFd opened(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
}

Result<Tap> Tap::attach(const std::string& name, bool may_exist) {
    ifreq request{};
    chaos::UniqueFd fd(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
    if (!fd.is_open())
        return Error::from_errno("opening /dev/net/tun", errno)
            .advise("Load the kernel's module tun; the node must be open to xendevd's user.");
    std::memcpy(request.ifr_name, name.data(), name.size());
    unsigned flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
    if (!may_exist)
        flags |= IFF_TUN_EXCL;
    request.ifr_flags = static_cast<short>(flags);
    if (::ioctl(fd.get(), TUNSETIFF, &request) != 0) {
        const int problem = errno;
        if (problem != EBUSY && problem != EINVAL)
            return Error::from_errno("making the TAP device " + name, problem);
        return Error(ErrorKind::name_taken, "there is an interface " + name + " that is not the guest's")
            .advise("Remove it, or give the vif another name with vifname=.");
    }
    Tap tap(std::move(fd), name);
    if (::ioctl(tap.fd(), TUNSETPERSIST, 1) != 0)
        return Error::from_errno("making the TAP device " + name + " last", errno);
    return tap;
}

Tap Tap::of_socket(chaos::UniqueFd socket) {
    return {std::move(socket), {}};
}

Tap::~Tap() {
    if (fd_.is_open() && !name_.empty() && !is_kept_)
        (void)::ioctl(fd_.get(), TUNSETPERSIST, 0); // it goes when the descriptor is closed
}

std::string Tap::present_name() const {
    ifreq request{};
    return ::ioctl(fd_.get(), TUNGETIFF, &request) == 0 ? std::string(request.ifr_name) : std::string();
}

Result<void> Tap::set_offload(std::uint32_t features) {
    unsigned offload = 0;
    if (features & NOXS_VIF_CHECKSUM_BLANK) {
        offload |= TUN_F_CSUM;
        // The kernel segments for those who do not: without blank checksums there is no leaving segments to others.
        if (features & NOXS_VIF_GSO_TCP4)
            offload |= TUN_F_TSO4;
        if (features & NOXS_VIF_GSO_TCP6)
            offload |= TUN_F_TSO6;
    }
    if (!name_.empty() && ::ioctl(fd_.get(), TUNSETOFFLOAD, offload) != 0)
        return Error::from_errno("setting the offloads of the TAP device " + name_, errno);
    return {};
}

bool Tap::write(Frame& frame) const {
    const auto vectors = frame.with_offload();
    const auto written = ::writev(fd_.get(), vectors.data(), static_cast<int>(vectors.size()));
    return written == static_cast<ssize_t>(sizeof frame.offload + frame.length);
}

Tap::Reading Tap::read(Frame& frame) const {
    const auto vectors = frame.with_offload();
    const auto received = ::readv(fd_.get(), vectors.data(), static_cast<int>(vectors.size()));
    if (received < static_cast<ssize_t>(sizeof frame.offload))
        return received < 0 && errno != EAGAIN && errno != EINTR ? Reading::gone : Reading::nothing;
    frame.length = static_cast<std::uint32_t>(received) - static_cast<std::uint32_t>(sizeof frame.offload);
    return Reading::frame;
}

} // namespace xendevd
