// SPDX-License-Identifier: BSD-3-Clause
// The guests named on a command line, what is done to each, and what became of it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "chaos/context.hpp"
#include "chaos/verb.hpp"
#include "libchaos/domain/query.hpp"

namespace chaos::cli {

/// The positional of verbs that take several guests, and what their --json prints.
inline constexpr Positional target_positionals[] = {
    {"GUEST", false, true, Completes::guest, "A guest, by name, domain id or UUID."}};
inline constexpr JsonField target_fields[] = {
    {"guests[].asked", "The guest as it was named on the command line."},
    {"guests[].name", "Its name; this and the next two are missing if it was not found."},
    {"guests[].id", "Its domain id."},
    {"guests[].uuid", "Its UUID."},
    {"guests[].result", "What became of it; missing if that failed."},
    {"guests[].error", "Why it failed: kind, message and advice as below."},
};

/// Verbs that take several guests go on after a failure: every guest gets its turn, each failure is reported
/// as it happens, and the first one decides the exit code.
class Targets {
  public:
    /// What became of a guest, as --json spells it ("destroyed"); nullptr if a later step decides. What the
    /// step changes in the GuestInfo is what is told.
    using Step = std::function<Result<const char*>(Host&, GuestInfo&)>;

    /// Looks the guests up. Fails only if the host cannot be used at all.
    static Result<Targets> find(Context& context, const std::vector<std::string>& names);
    /// Every guest that chaos made on this host.
    static Result<Targets> all(Context& context);

    /// Does `step` to each guest that is neither done nor failed. An interruption ends everything.
    void each(const Step& step);

    /// Prints the JSON document if wanted; the exit code of the first failure.
    Result<ExitCode> conclude();

  private:
    struct Target {
        std::string asked;
        std::optional<GuestInfo> guest;
        const char* result = nullptr;
        std::optional<Error> failure;
    };

    Targets(Context& context, Host& host) : context_(&context), host_(&host) {}
    void fail(Target& target, Error error);

    Context* context_;
    Host* host_;
    std::vector<Target> targets_;
};

} // namespace chaos::cli
