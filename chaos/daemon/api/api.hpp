// SPDX-License-Identifier: BSD-3-Clause
// The resources under /v1: which there are, and what each method does to them (openapi.yaml).
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "chaos/daemon/api/message.hpp"
#include "chaos/daemon/api/metrics.hpp"
#include "chaos/daemon/api/target.hpp"
#include "chaos/daemon/service.hpp"
#include "libchaos/json/document.hpp"

namespace chaos::daemon::api {

/// A request on its way to its resource.
struct Call {
    Target target;
    std::vector<std::string> names; ///< what stands in the places {…} of the resource's path
    std::string body;
    std::shared_ptr<Caller> caller;

    void answer(Response response) const { caller->answer(std::move(response)); }
    void fail(const Error& error) const;
    void answer_json(unsigned status, std::string body) const;
    /// 204, or the failure.
    void answer_done(const Result<void>& done) const;
};

/// Used on the thread of the loop only. Whatever is asked is answered once, perhaps before handle() returns.
class Api {
  public:
    /// Does a task soon, when the loop has looked at others.
    using Later = std::function<void(std::function<void()>)>;

    /// The service must outlive this, and this every call that goes on.
    Api(Service& service, Later later) : service_(service), later_(std::move(later)) {}

    void handle(Request request, std::shared_ptr<Caller> caller);
    [[nodiscard]] Service& service() { return service_; }

  private:
    using Handler = void (Api::*)(Call);
    struct Route {
        std::string_view path; ///< {} stands for one part, which is a name
        Handler get, post, put, remove;
    };
    class Batch;
    static const Route routes[];
    static const Route* find_route(Call& call);

    void list_guests(Call call);
    void create_guest(Call call);
    void create_batch(Call call);
    void show_guest(Call call);
    void act_on_guest(Call call);
    void destroy_guest(Call call);
    /// A guest was made and nobody heard of it.
    void undo(const CreatedGuest& guest, Done<void> done);

    void list_devices(Call call);
    void attach_vif(Call call);
    void attach_disk(Call call);
    void detach_vif(Call call);
    void detach_disk(Call call);

    void list_flavours(Call call);
    void show_flavour(Call call);
    void put_flavour(Call call);
    void delete_flavour(Call call);

    void list_pools(Call call);
    void show_pool(Call call);
    void put_pool(Call call);
    void delete_pool(Call call);
    void drain_pool(Call call);

    void show_host(Call call);
    void follow_events(Call call);
    void show_metrics(Call call);
    void show_description(Call call);

    Service& service_;
    Later later_;
    CreateMetrics create_metrics_;
};

/// The body as a JSON object. Fails with invalid_argument.
Result<json::Document> read_body(const std::string& body);

} // namespace chaos::daemon::api
