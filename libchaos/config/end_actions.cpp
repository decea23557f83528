// SPDX-License-Identifier: BSD-3-Clause
// The words of xl.cfg(5) for what becomes of a guest that has stopped.
#include <array>
#include <utility>

#include "libchaos/config/guest_config.hpp"

namespace chaos {

namespace {

constexpr std::array<std::pair<EndAction, std::string_view>, 7> words{{
    {EndAction::destroy, "destroy"},
    {EndAction::restart, "restart"},
    {EndAction::rename_restart, "rename-restart"},
    {EndAction::preserve, "preserve"},
    {EndAction::coredump_destroy, "coredump-destroy"},
    {EndAction::coredump_restart, "coredump-restart"},
    {EndAction::soft_reset, "soft-reset"},
}};

} // namespace

std::string_view word_of(EndAction action) {
    for (const auto& [known, word] : words)
        if (known == action)
            return word;
    return "destroy";
}

std::optional<EndAction> end_action_of(std::string_view word) {
    for (const auto& [action, known] : words)
        if (known == word)
            return action;
    return std::nullopt;
}

} // namespace chaos
