// SPDX-License-Identifier: BSD-3-Clause
// Bytes as they come from a client's socket, through parser, router and resources, to a pretend service. The first byte
// says how the rest is cut into pieces.
#include <cstdlib>
#include <deque>

#include <nlohmann/json.hpp>

#include "chaos/daemon/api/api.hpp"
#include "chaos/daemon/api/request_reader.hpp"
#include "chaos/daemon/api/response_head.hpp"
#include "tests/chaos/api/fake_service.hpp"

namespace {

using namespace chaos::daemon::api;

struct Fuzzed final : Caller {
    unsigned answers = 0;

    void answer(Response response) override {
        ++answers;
        (void)response_head(response, true, true);
        if (response.status < 200 || response.status > 599)
            std::abort();
        // What is said is JSON, whatever was asked; and an error is one whole.
        if (response.content_type != "application/json" || response.body.empty())
            return;
        const auto document = nlohmann::json::parse(response.body, nullptr, false);
        if (!document.is_object() || document.contains("error") != (response.status >= 400))
            std::abort();
    }
    bool is_there() override { return true; }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size == 0)
        return 0;
    chaos::test::FakeService service;
    std::deque<std::function<void()>> tasks;
    Api api(service, [&](std::function<void()> task) { tasks.push_back(std::move(task)); });
    RequestReader reader;
    const std::size_t piece = data[0] == 0 ? size : data[0];
    std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    std::string kept;
    for (int requests = 0; requests < 16;) {
        std::string_view left = kept;
        const auto progress = reader.take(left);
        kept.erase(0, kept.size() - left.size());
        if (progress == RequestReader::Progress::refused) {
            if (reader.refusal().status < 400)
                std::abort();
            return 0;
        }
        if (progress == RequestReader::Progress::complete) {
            ++requests;
            const auto caller = std::make_shared<Fuzzed>();
            api.handle(reader.request(), caller);
            for (int turn = 0; !tasks.empty() && turn < 200; ++turn) {
                const auto task = std::move(tasks.front());
                tasks.pop_front();
                task();
            }
            if (caller->answers > 1 || (tasks.empty() && caller->answers != 1))
                std::abort();
            tasks.clear(); // of a large batch
            continue;
        }
        (void)reader.take_continue();
        if (kept.size() > largest_head)
            std::abort();
        if (rest.empty())
            return 0;
        kept += rest.substr(0, piece);
        rest.remove_prefix(std::min(piece, rest.size()));
    }
    return 0;
}
