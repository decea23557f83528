// SPDX-License-Identifier: BSD-3-Clause
// Many guests of one configuration: all of them, or none.
//
// A few are under way at a time, so that the service can overlap their making, and the loop looks at others between two
// of them. After the first failure, or when nobody waits any more, no more are begun; those made are destroyed, the last
// one first, once nothing is under way.
#include "chaos/daemon/api/api.hpp"
#include "chaos/daemon/api/create_body.hpp"
#include "chaos/daemon/api/shapes.hpp"
#include "libchaos/config/many_guests.hpp"

namespace chaos::daemon::api {

namespace {

constexpr std::uint32_t most_under_way = 8;

} // namespace

class Api::Batch : public std::enable_shared_from_this<Api::Batch> {
  public:
    Batch(Api& api, Call call, CreateBody body) : api_(api), call_(std::move(call)), body_(std::move(body)) {
        made_.resize(body_.count);
    }

    /// Begins what may be begun now.
    void go_on() {
        scheduled_ = false;
        if (!failure_ && !call_.caller->is_there())
            failure_ = Error(ErrorKind::interrupted, "nobody waits for the answer any more");
        if (!failure_ && begun_ < body_.count && under_way_ < most_under_way) {
            begin(begun_++);
            if (begun_ < body_.count && under_way_ < most_under_way)
                soon();
        }
        if (scheduled_ || under_way_ > 0)
            return;
        if (failure_)
            return undo_next();
        call_.answer_json(201, list_json("guests", made_));
    }

  private:
    void begin(std::uint32_t index) {
        CreateRequest request = body_.request;
        if (body_.count > 1)
            request.config.name = numbered_name(request.config.name, index + 1);
        ++under_way_;
        api_.service_.create(std::move(request), [batch = shared_from_this(), index](Result<MadeGuest> made) {
            batch->ended(index, std::move(made));
        });
    }

    void ended(std::uint32_t index, Result<MadeGuest> made) {
        --under_way_;
        if (made) {
            api_.create_metrics_.made(*made);
            made_[index] = std::move(*made);
            done_.push_back(index);
        } else {
            api_.create_metrics_.failed();
            if (!failure_)
                failure_ = std::move(made).error();
        }
        soon();
    }

    /// Not at once: the service may have answered before its call returned.
    void soon() {
        if (std::exchange(scheduled_, true))
            return;
        api_.later_([batch = shared_from_this()] { batch->go_on(); });
    }

    void undo_next() {
        if (undone_ == done_.size())
            return tell_failure();
        const std::uint32_t index = done_[done_.size() - 1 - undone_++];
        api_.undo(made_[index].guest, [batch = shared_from_this(), index](Result<void> destroyed) {
            if (!destroyed && destroyed.error().kind() != ErrorKind::not_found)
                batch->remaining_ += " " + batch->made_[index].guest.name;
            batch->api_.later_([batch] { batch->undo_next(); });
        });
    }

    void tell_failure() {
        if (done_.empty())
            return call_.fail(*failure_);
        std::string story = done_.size() == 1 ? "guest " + made_[done_[0]].guest.name + " was destroyed again"
                                              : "the " + std::to_string(done_.size()) +
                                                    " guests made so far were destroyed again";
        if (!remaining_.empty())
            story = "of the guests made so far, these could not be destroyed:" + remaining_;
        call_.fail(Error(failure_->kind(), failure_->story() + "; " + story).advise(failure_->advice()));
    }

    Api& api_;
    Call call_;
    CreateBody body_;
    std::vector<MadeGuest> made_;     // by index
    std::vector<std::uint32_t> done_; // indices, as they were made
    std::uint32_t begun_ = 0;
    std::uint32_t under_way_ = 0;
    std::size_t undone_ = 0;
    bool scheduled_ = false;
    std::optional<Error> failure_;
    std::string remaining_; // names of those that could not be destroyed
};

void Api::create_batch(Call call) {
    auto body = read_create_body(call.body, true);
    if (!body)
        return call.fail(body.error());
    if (body->count > 1) {
        auto fine = check_repeatable(body->request.config);
        if (fine)
            fine = check_numbers(body->request.config, body->count);
        if (!fine)
            return call.fail(
                std::move(fine).error().while_doing("making " + std::to_string(body->count) + " guests"));
    }
    std::make_shared<Batch>(*this, std::move(call), std::move(*body))->go_on();
}

} // namespace chaos::daemon::api
