// SPDX-License-Identifier: BSD-3-Clause
// JSON of any bytes: another reader has to understand the same.
#include <cctype>
#include <cstdlib>

#include "libchaos/json/document.hpp"
#include "tests/libchaos/json/other_reader.hpp"

namespace {

/// Of such numbers those are refused that are 0 in spite of it, 0e999.
bool may_have_exponent(std::string_view text) {
    for (std::size_t at = 1; at < text.size(); ++at)
        if ((text[at] == 'e' || text[at] == 'E') && std::isdigit(static_cast<unsigned char>(text[at - 1])))
            return true;
    return false;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    using namespace chaos::json;
    const std::string text(reinterpret_cast<const char*>(data), size);
    const Document document(text);
    if (document.failure() == Document::Failure::too_deep || (!document.is_json() && may_have_exponent(text)))
        return 0;
    if (test::difference(document, text))
        std::abort();
    return 0;
}
