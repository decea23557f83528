// SPDX-License-Identifier: BSD-3-Clause
// A store's ring and whatever a guest puts there: bytes, whole requests, indices. The session answers or calls the guest
// broken; its contents keep within their quota; and a session made from its journal has the same contents.
#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "tests/fuzz/memory_bytes.hpp"
#include "xendevd/store/guest_keys.hpp"
#include "xendevd/store/session.hpp"

extern "C" {
#include <xen/io/xs_wire.h>
}

namespace {

using namespace xendevd;
using chaos::fuzz::require;

class Lines final : public StoreJournal {
  public:
    chaos::Result<void> append(std::string_view line) override {
        lines.emplace_back(line);
        size_ += line.size();
        return {};
    }
    chaos::Result<void> replace(std::span<const std::string> all) override {
        lines.assign(all.begin(), all.end());
        size_ = 0;
        for (const std::string& line : lines)
            size_ += line.size();
        return {};
    }
    [[nodiscard]] std::size_t size() const override { return size_; }
    chaos::Result<std::vector<std::string>> read() override { return lines; }
    std::vector<std::string> lines;

  private:
    std::size_t size_ = 0;
};

std::string text_of(const StoreContents& contents) {
    return to_json(contents.snapshot()).dump();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    alignas(8) static std::array<std::byte, 4096> page;
    page = {};
    auto& ring = *reinterpret_cast<xenstore_domain_interface*>(page.data());
    Lines journal;
    StoreSession session(chaos::DomainId{5}, page.data(), journal);
    StoreSettings settings;
    settings.domain = chaos::DomainId{5};
    settings.name = "web";
    session.change(guest_keys(settings));
    session.change({{StoreChange::Kind::write, "/local/domain/5/device/vif/0/state", "1", 0}});
    StoreChanges made;
    bool alive = true;
    while (size >= 2 && alive) {
        const unsigned char what = data[0];
        const std::size_t count = std::min<std::size_t>(data[1], size - 2);
        const unsigned char* bytes = data + 2;
        data += 2 + count;
        size -= 2 + count;
        std::string written(reinterpret_cast<const char*>(bytes), count);
        if (what < 200) { // a request of this type, in the transaction of this number
            const xsd_sockmsg header{what % 24u, what, what % 3 == 0 ? what % 5u : 0,
                                     static_cast<std::uint32_t>(count)};
            written.insert(0, reinterpret_cast<const char*>(&header), sizeof header);
        } else if (what < 210 && count >= 4) { // an index
            std::uint32_t index = 0;
            std::memcpy(&index, bytes, sizeof index);
            (what % 2 ? ring.req_prod : ring.rsp_cons) = index;
            written.clear();
        }
        for (const char byte : written) {
            if (ring.req_prod - ring.req_cons < XENSTORE_RING_SIZE)
                ring.req[ring.req_prod++ % XENSTORE_RING_SIZE] = byte;
        }
        const auto served = session.serve(made);
        alive = served.has_value();
        if (what % 8 != 7)
            ring.rsp_cons = ring.rsp_prod;
        require(session.contents().tree().nodes() <= StoreQuota::nodes + 20);
        require(session.contents().tree().bytes() <= StoreQuota::bytes + 2048);
        require(session.contents().watches().size() <= StoreQuota::watches);
        require(session.contents().transactions() <= StoreQuota::transactions);
    }
    StoreSession next(chaos::DomainId{5}, page.data(), journal);
    const auto restored = next.restore();
    require(restored && *restored);
    require(text_of(next.contents()) == text_of(session.contents()));
    return 0;
}
