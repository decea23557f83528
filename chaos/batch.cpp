// SPDX-License-Identifier: BSD-3-Clause
// The loop of create -n: progress while it runs, and the way back when it fails.
#include "chaos/batch.hpp"

#include <unistd.h>

#include "chaos/device_verbs.hpp"
#include "chaos/made_guest.hpp"
#include "chaos/output.hpp"
#include "libchaos/domain/lifecycle.hpp"

namespace chaos::cli {

namespace {

using Clock = std::chrono::steady_clock;

/// "created 120 of 1000", on a terminal, for work that takes longer than people like to wait in the dark.
class Progress {
  public:
    explicit Progress(std::size_t total) : total_(total) {
        if (total_ > 1 && ::isatty(STDERR_FILENO) != 0)
            next_ = Clock::now() + std::chrono::seconds(2);
    }
    ~Progress() { clear(); }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void made(std::size_t count) {
        if (next_ == never || Clock::now() < next_)
            return;
        next_ = Clock::now() + std::chrono::milliseconds(250);
        const std::string line = format("\rcreated %zu of %zu", count, total_);
        shown_ = ::write(STDERR_FILENO, line.data(), line.size()) > 0 || shown_;
    }
    void clear() {
        constexpr std::string_view erase_line = "\r\033[K";
        if (shown_)
            shown_ = ::write(STDERR_FILENO, erase_line.data(), erase_line.size()) < 0;
    }

  private:
    static constexpr auto never = Clock::time_point::max();

    std::size_t total_;
    Clock::time_point next_ = never;
    bool shown_ = false;
};

Result<void> destroy_again(Host& host, const CreatedGuest& made) {
    // A guest that is gone by now, or another one in its place, is none of ours.
    auto guest = chaos::find(host, std::to_string(raw(made.id)));
    if (!guest && guest.error().kind() == ErrorKind::not_found)
        return {};
    const GuestInfo found = TRY(std::move(guest));
    if (found.domain.handle != made.uuid.bytes)
        return {};
    return destroy(host, found);
}

/// Destroys what was made, the last one first, and adds to `failure` what became of it.
Error undo(Host& host, const std::vector<CreatedGuest>& made, Error failure) {
    if (made.empty())
        return failure;
    std::string remaining;
    for (auto guest = made.rbegin(); guest != made.rend(); ++guest)
        if (auto destroyed = destroy_again(host, *guest); !destroyed) {
            report(destroyed.error());
            remaining += " " + guest->name;
        }
    std::string story = made.size() == 1
                            ? "guest " + made.front().name + " was destroyed again"
                            : format("the %zu guests made so far were destroyed again", made.size());
    if (!remaining.empty())
        story = "of the guests made so far, these could not be destroyed:" + remaining;
    Error told(failure.kind(), failure.story() + "; " + story);
    return std::move(told).advise(failure.advice());
}

} // namespace

Result<std::vector<GuestConfig>> numbered(const GuestConfig& config, unsigned count) {
    if (count == 1)
        return std::vector<GuestConfig>{config};
    TRY(check_numbers(config, count));
    std::vector<GuestConfig> configs;
    configs.reserve(count);
    for (unsigned number = 1; number <= count; ++number) {
        configs.push_back(config);
        configs.back().name = numbered_name(config.name, number);
    }
    return configs;
}

Result<std::vector<CreatedGuest>> create_all(Context& context, const std::vector<GuestConfig>& configs,
                                             const Kernel& kernel, const CreateOptions& options,
                                             const StopSignals& signals) {
    Host& host = *TRY(context.host());
    std::vector<CreatedGuest> made;
    made.reserve(configs.size());
    Progress progress(configs.size());
    for (const GuestConfig& config : configs) {
        auto guest = as_configuration(create(host, config, kernel, options));
        if (!guest) {
            progress.clear();
            Error failure = std::move(guest).error();
            if (failure.kind() == ErrorKind::name_taken)
                failure = std::move(failure).advise(other_name_advice);
            return undo(host, made, std::move(failure));
        }
        made.push_back(std::move(*guest));
        if (context.verbose)
            say_what_was_done(MadeGuest{.guest = made.back(), .pool = {}});
        progress.made(made.size());
    }
    // A signal that came too late for create() to see is obeyed here: whoever sent it wants no guest.
    if (signals.arrived())
        return undo(host, made, Error(ErrorKind::interrupted, "interrupted"));
    return made;
}

} // namespace chaos::cli
