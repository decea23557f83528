// SPDX-License-Identifier: BSD-3-Clause
// Record files of any bytes: an Error, or a record that is written and read back the same.
#include <cstdlib>

#include "libchaos/state/contents.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    using namespace chaos;
    const auto contents = contents_from_json(std::string_view(reinterpret_cast<const char*>(data), size));
    if (!contents)
        return 0;
    const auto written = [](const Contents& what) {
        const auto* record = std::get_if<GuestRecord>(&what);
        return record ? to_json(*record) : to_json(std::get<Intent>(what));
    };
    const std::string text = written(*contents);
    const auto again = contents_from_json(text);
    if (!again || written(*again) != text)
        std::abort();
    return 0;
}
