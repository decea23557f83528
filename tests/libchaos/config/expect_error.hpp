// SPDX-License-Identifier: BSD-3-Clause
// Expecting an Error whose story holds certain words.
#pragma once

#include <gtest/gtest.h>

#include "libchaos/result.hpp"

namespace chaos {

template<typename T>
testing::AssertionResult fails_saying(const Result<T>& result,
                                      std::initializer_list<std::string_view> words) {
    if (result)
        return testing::AssertionFailure() << "it succeeded";
    for (const auto word : words)
        if (result.error().story().find(word) == std::string::npos)
            return testing::AssertionFailure()
                   << "\"" << word << "\" is missing in: " << result.error().story();
    return testing::AssertionSuccess();
}

} // namespace chaos
