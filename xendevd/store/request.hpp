// SPDX-License-Identifier: BSD-3-Clause
// One request of a guest to its private store: what it asks, and what comes of it. Whatever its bytes are, the answer is
// one that XenStore could give (docs/misc/xenstore.txt in Xen).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libchaos/xen/ids.hpp"
#include "xendevd/store/contents.hpp"

namespace xendevd {

struct StoreRequest {
    static constexpr std::size_t header_bytes = 16;   // sizeof(xsd_sockmsg)
    static constexpr std::size_t most_payload = 4096; // XENSTORE_PAYLOAD_MAX

    std::uint32_t type = 0;
    std::uint32_t id = 0;
    std::uint32_t transaction = 0;
    std::string payload;
};

struct StoreOutcome {
    StoreError error;     ///< empty: none
    std::string body;     ///< of the reply, if there is no error
    StoreChanges changes; ///< to be applied to the contents and kept in the journal
};

/// Carries out `request` for `domain`. Changes inside a transaction are made in it at once; all others are only listed.
StoreOutcome execute(StoreContents& contents, chaos::DomainId domain, const StoreRequest& request);

/// The reply as it goes onto the ring.
std::string reply_message(const StoreRequest& request, const StoreOutcome& outcome);
std::string event_message(const StoreEvent& event);

} // namespace xendevd
