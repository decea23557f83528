// SPDX-License-Identifier: BSD-3-Clause
// Result<T>: either a value or an Error that tells its story. Every call that the outside can make fail
// returns one; nothing in libchaos throws.
//
// The innermost layer that sees the failure makes the Error (what failed and what to do about it); each layer
// above that knows more adds one phrase with while_doing(). The person at the terminal reads the chain once:
//
//     creating guest web: populating 4096 KiB of memory: Cannot allocate memory (the host has 1024 KiB free;
//     …)
//
// Members carry std::expected's names, so that it can take over where C++23 is at hand.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace chaos {

/// What kind of failure it was: enough for a caller to decide, and for `chaos` to pick its exit code.
enum class ErrorKind : std::uint8_t {
    system,           ///< anything the kinds below do not name; see system_errno()
    invalid_argument, ///< the caller asked for something that can never work
    invalid_config,   ///< a configuration file or override is wrong
    invalid_image,    ///< a kernel or ramdisk is missing, truncated or malformed
    not_found,        ///< no guest of that name, id or UUID
    name_taken,       ///< a guest of that name exists
    not_permitted,    ///< the caller lacks a privilege
    not_on_xen,       ///< this is no Xen control domain
    wrong_version,    ///< the hypervisor is not the release this build is for
    out_of_memory,    ///< the hypervisor or dom0 has not enough memory
    guest_failed,     ///< the guest died or refused
    timed_out,        ///< the time given has passed
    interrupted,      ///< the caller's stop descriptor became readable
};

/// A failure and its story. Made only on the failing path, which is why everything that touches one is cold
/// and out of line: the compiler then puts the failing halves of all functions far from the others, and a
/// program that succeeds starts sooner because it reads fewer pages.
class [[nodiscard]] Error {
  public:
    /// `cause` is the failure itself, in words ("the file is 12 bytes long").
    [[gnu::cold]] Error(ErrorKind kind, std::string cause);
    [[gnu::cold]] Error(const Error&);
    [[gnu::cold]] Error(Error&&) noexcept;
    [[gnu::cold]] Error& operator=(const Error&);
    [[gnu::cold]] Error& operator=(Error&&) noexcept;
    [[gnu::cold]] ~Error();

    /// A failed system or library call: `cause` becomes the call's name and the words of `errno_value`.
    /// EPERM/EACCES, ENOMEM and EINTR pick their own kind.
    [[nodiscard, gnu::cold]] static Error from_errno(std::string_view call, int errno_value);

    /// Adds what was being done, outermost last: "populating memory", then "creating guest web".
    [[gnu::cold]] Error while_doing(std::string_view phrase) &&;
    /// Adds what the reader can do about it; the first advice given wins.
    [[gnu::cold]] Error advise(std::string_view advice) &&;
    /// Same failure, seen by a layer that knows its kind better.
    [[gnu::cold]] Error as(ErrorKind kind) &&;

    [[nodiscard]] ErrorKind kind() const { return kind_; }
    /// The errno of the failed call, or 0.
    [[nodiscard]] int system_errno() const { return errno_; }
    [[nodiscard]] const std::string& advice() const { return advice_; }
    /// The whole chain on one line, outermost first, without the advice.
    [[nodiscard]] std::string story() const;

  private:
    ErrorKind kind_;
    int errno_ = 0;
    std::string context_; // "creating guest web: populating memory: "
    std::string cause_;
    std::string advice_;
};

/// Marks an Error on its way into a Result: `return Unexpected{Error{…}};`
struct Unexpected {
    Error error;
};

struct Nothing {};

template<typename T>
class [[nodiscard]] Result {
    using Value = std::conditional_t<std::is_void_v<T>, Nothing, T>;

  public:
    using value_type = Value;

    template<typename U = Value>
    requires(!std::is_void_v<T> && std::is_constructible_v<Value, U&&> &&
             !std::is_same_v<std::remove_cvref_t<U>, Result> &&
             !std::is_same_v<std::remove_cvref_t<U>, Unexpected> &&
             !std::is_same_v<std::remove_cvref_t<U>, Error>) Result(U&& value)
        : state_(std::in_place_index<0>, std::forward<U>(value)) {}
    Result() requires(std::is_void_v<T>) : state_(std::in_place_index<0>) {}
    Result(Unexpected failure) : state_(std::in_place_index<1>, std::move(failure.error)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    [[nodiscard]] bool has_value() const { return state_.index() == 0; }
    explicit operator bool() const { return has_value(); }

    /// Only where has_value() holds: asking a failed Result for its value is a bug of ours.
    [[nodiscard]] Value& value() & { return *std::get_if<0>(&state_); }
    [[nodiscard]] const Value& value() const& { return *std::get_if<0>(&state_); }
    /// May be thrown away: TRY gives it to expressions that only check.
    Value&& value() && { return std::move(*std::get_if<0>(&state_)); }
    [[nodiscard]] Value& operator*() & { return value(); }
    [[nodiscard]] const Value& operator*() const& { return value(); }
    [[nodiscard]] Value&& operator*() && { return std::move(*this).value(); }
    [[nodiscard]] Value* operator->() { return std::get_if<0>(&state_); }
    [[nodiscard]] const Value* operator->() const { return std::get_if<0>(&state_); }
    [[nodiscard]] Error& error() & { return *std::get_if<1>(&state_); }
    [[nodiscard]] const Error& error() const& { return *std::get_if<1>(&state_); }
    [[nodiscard]] Error&& error() && { return std::move(*std::get_if<1>(&state_)); }

    /// The same Result with `phrase` added to its Error, if it has one.
    Result while_doing(std::string_view phrase) && {
        if (!has_value())
            return std::move(error()).while_doing(phrase);
        return std::move(*this);
    }

  private:
    std::variant<Value, Error> state_;
};

} // namespace chaos

/// Unwraps a Result or returns its Error from the enclosing function.
#define TRY(expression)                                                                                      \
    __extension__({                                                                                          \
        auto try_result_ = (expression);                                                                     \
        if (!try_result_.has_value())                                                                        \
            return ::chaos::Unexpected{std::move(try_result_).error()};                                      \
        std::move(try_result_).value();                                                                      \
    })
