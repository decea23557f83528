// SPDX-License-Identifier: BSD-3-Clause
// How an Error is made from errno and how its story is put together.
#include "libchaos/result.hpp"

#include <cerrno>
#include <cstring>

namespace chaos {

Error::Error(ErrorKind kind, std::string cause) : kind_(kind), cause_(std::move(cause)) {}
Error::Error(const Error&) = default;
Error::Error(Error&&) noexcept = default;
Error& Error::operator=(const Error&) = default;
Error& Error::operator=(Error&&) noexcept = default;
Error::~Error() = default;

Error Error::as(ErrorKind kind) && {
    kind_ = kind;
    return std::move(*this);
}

Error Error::from_errno(std::string_view call, int errno_value) {
    ErrorKind kind = ErrorKind::system;
    if (errno_value == EPERM || errno_value == EACCES)
        kind = ErrorKind::not_permitted;
    else if (errno_value == ENOMEM)
        kind = ErrorKind::out_of_memory;
    else if (errno_value == EINTR)
        kind = ErrorKind::interrupted;
    Error error(kind, std::string(call) + ": " + std::strerror(errno_value));
    error.errno_ = errno_value;
    return error;
}

Error Error::while_doing(std::string_view phrase) && {
    context_.insert(0, std::string(phrase) + ": ");
    return std::move(*this);
}

Error Error::advise(std::string_view advice) && {
    if (advice_.empty())
        advice_ = advice;
    return std::move(*this);
}

std::string Error::story() const {
    return context_ + cause_;
}

} // namespace chaos
