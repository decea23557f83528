// SPDX-License-Identifier: BSD-3-Clause
// Making one guest or many alike, all of them or none.
#pragma once

#include <vector>

#include "chaos/context.hpp"
#include "chaos/stop_signals.hpp"
#include "libchaos/domain/create.hpp"

namespace chaos::cli {

/// For a guest whose name is taken.
inline constexpr const char* other_name_advice =
    "Give this one another name, or end that one with 'chaos destroy'.";

/// The configurations of `count` guests: the one given, or NAME-1 to NAME-<count>. Fails if they could not
/// all be made.
Result<std::vector<GuestConfig>> numbered(const GuestConfig& config, unsigned count);

/// Creates them in turn. If one fails, or a signal arrives, those made before it are destroyed again and the
/// Error says so: nobody has to find out which of a hundred guests are there.
Result<std::vector<CreatedGuest>> create_all(Context& context, const std::vector<GuestConfig>& configs,
                                             const Kernel& kernel, const CreateOptions& options,
                                             const StopSignals& signals);

} // namespace chaos::cli
