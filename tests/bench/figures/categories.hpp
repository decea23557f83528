// SPDX-License-Identifier: BSD-3-Clause
// Where the time of one process went: a stopwatch that always runs for one category, that of the innermost call it was
// told about. It reads the clock twice a call, some hundred ns each, and so hardly slows down what it looks at.
//
// The environment tells it the rest: BENCH_STARTED, when the parent was about to start the process (ns of the monotonic
// clock), and BENCH_CATEGORIES, the file to write at its end. Included by one source file of a program or library.
#pragma once

#include <fcntl.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iterator>

namespace bench {

enum class Category : std::uint8_t { process, config, hypervisor, store, devices, load, toolstack };
constexpr const char* category_names[] = {"process", "config", "hypervisor", "store",
                                          "devices", "load",   "toolstack"};

class CategoryClock {
  public:
    /// The process has been started, and from now on what it does is `base`.
    void begin(Category base) {
        const char* const started = std::getenv("BENCH_STARTED");
        if (!started || !std::getenv("BENCH_CATEGORIES"))
            return;
        process_ = ::getpid();
        thread_ = ::pthread_self();
        last_ = std::strtoull(started, nullptr, 10);
        current_ = Category::process;
        enter(base);
    }

    /// Only the thread that began is looked at, and no child: the others wait for something, or run beside it.
    [[nodiscard]] bool applies() const { return process_ != 0 && ::pthread_equal(thread_, ::pthread_self()); }

    /// Returns what it was before.
    Category enter(Category category) {
        timespec now{};
        ::clock_gettime(CLOCK_MONOTONIC, &now);
        const auto ns =
            static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(now.tv_nsec);
        spent_[static_cast<std::size_t>(current_)] += ns - last_;
        last_ = ns;
        ++calls_[static_cast<std::size_t>(category)];
        const Category before = current_;
        current_ = category;
        return before;
    }

    /// Says it all, if this is the process that began; what follows is the process's end. What saying it takes is said too.
    void end() {
        if (process_ == 0 || process_ != ::getpid())
            return;
        enter(Category::process);
        const int file =
            ::open(std::getenv("BENCH_CATEGORIES"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        ::dprintf(file, "{");
        for (std::size_t i = 0; i < std::size(category_names); ++i)
            ::dprintf(file, "\"%s\": {\"ns\": %llu, \"calls\": %u}, ", category_names[i],
                      static_cast<unsigned long long>(spent_[i]), calls_[i]);
        const std::uint64_t ended = last_;
        enter(Category::process);
        ::dprintf(file, "\"telling\": {\"ns\": %llu, \"calls\": 1}}",
                  static_cast<unsigned long long>(last_ - ended));
        ::close(file);
        process_ = 0;
    }

  private:
    pid_t process_ = 0;
    pthread_t thread_{};
    std::uint64_t last_ = 0;
    Category current_{};
    std::uint64_t spent_[std::size(category_names)] = {};
    unsigned calls_[std::size(category_names)] = {};
};

inline CategoryClock category_clock;

/// While it lives the clock runs for one category.
class During {
  public:
    explicit During(Category category) : applies_(category_clock.applies()) {
        if (applies_)
            before_ = category_clock.enter(category);
    }
    ~During() {
        if (applies_)
            category_clock.enter(before_);
    }
    During(const During&) = delete;
    During& operator=(const During&) = delete;

  private:
    bool applies_;
    Category before_{};
};

/// Six registers of arguments, and both of a result: enough for every function that is looked at, whatever its types.
using Passed = std::uint64_t;
__extension__ using Returned = unsigned __int128;

/// Whether an ioctl is one of Xen's devices': privcmd, event channels, grants.
constexpr bool is_xens(unsigned long request) {
    const unsigned long type = request >> 8 & 0xff;
    return type == 'P' || type == 'E' || type == 'G';
}

} // namespace bench
