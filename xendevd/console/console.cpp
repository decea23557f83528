// SPDX-License-Identifier: BSD-3-Clause
// One turn takes at most what the ring holds, and a guest that writes without end gets a share of dom0's time that the
// others do not notice.
#include "xendevd/console/console.hpp"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "libchaos/config/guest_config.hpp"
#include "libchaos/xen/console_ring.hpp"

namespace xendevd {

using chaos::Result;

namespace {

constexpr std::size_t most_attachments = 16;

/// A guest that wrote this much in one window waits for the next: 1.25 MiB a second, twenty times what a kernel's boot
/// messages need.
constexpr std::chrono::milliseconds window{100};
constexpr std::size_t most_in_window = std::size_t{128} << 10;

/// What messages call it.
std::string text_of(chaos::DomainId domain, std::string_view guest) {
    return "the console of guest " +
           (chaos::check_guest_name(guest).has_value() ? std::string(guest) : std::string("?")) + " (" +
           std::to_string(raw(domain)) + ")";
}

} // namespace

Console::Console(Daemon& daemon, chaos::DomainId domain, chaos::xen::GrantMapping ring, bool held)
    : daemon_(daemon), domain_(domain), is_held_(held), ring_(std::move(ring)) {}

void Console::be_named(std::string_view name) {
    const std::string file = chaos::check_guest_name(name).has_value()
                                 ? std::string(name)
                                 : "domain-" + std::to_string(raw(domain_));
    name_ = text_of(domain_, name);
    log_ = ConsoleLog(daemon_.log_directory + "/" + file + ".log");
}

void Console::release(std::string_view name) {
    be_named(name);
    is_held_ = false;
    handle_event();
}

Result<std::unique_ptr<Console>> Console::open(Daemon& daemon, chaos::DomainId domain, std::string_view name,
                                               chaos::EventChannelPort remote, chaos::GrantReference ring,
                                               bool held) {
    const std::array<chaos::GrantReference, 1> references{ring};
    auto page = daemon.grants.map(domain, references, chaos::xen::GrantAccess::read_write);
    if (!page)
        return std::move(page).error().while_doing("mapping " + text_of(domain, name));
    std::unique_ptr<Console> console(new Console(daemon, domain, std::move(*page), held));
    console->be_named(name);
    auto local = daemon.loop.bind(domain, remote, *console);
    if (!local)
        return std::move(local).error().while_doing("binding the event channel of " + console->name_);
    console->local_ = *local;
    return console;
}

Result<std::unique_ptr<Console>> make_console(Daemon& daemon, chaos::DomainId domain, std::string_view name,
                                              chaos::EventChannelPort remote, chaos::GrantReference ring,
                                              bool held) {
    return Console::open(daemon, domain, name, remote, ring, held);
}

Console::~Console() {
    if (raw(local_) == 0)
        return; // it never opened
    if (!is_held_)
        read_ring();
    daemon_.loop.unbind(local_);
    for (const auto& attachment : attachments_)
        attachment->send_rest();
}

void Console::handle_event() {
    if (is_held_)
        return;
    if (pass_input())
        daemon_.loop.notify(local_);
    if (window_end_ > daemon_.loop.now() && taken_in_window_ >= most_in_window)
        return; // the timer is set
    take_output();
}

void Console::take_output() {
    if (window_end_ <= daemon_.loop.now()) {
        window_end_ = daemon_.loop.now() + window;
        taken_in_window_ = 0;
    }
    if (!read_ring())
        return;
    daemon_.loop.notify(local_);
    if (taken_in_window_ < most_in_window)
        daemon_.loop.run_soon(*this);
    else
        daemon_.loop.run_at(window_end_, *this);
}

/// True if there was something.
bool Console::read_ring() {
    const std::string text = chaos::xen::read_console_ring(ring_.data());
    if (text.empty())
        return false;
    taken_in_window_ += text.size();
    recent_.append(text);
    if (auto logged = log_.write(text, std::chrono::system_clock::now()); !logged)
        daemon_.log.guest(allowance_, name_ + " is not logged: " + logged.error().story());
    for (const auto& attachment : attachments_)
        attachment->show_more();
    return true;
}

/// True if something went into the ring.
bool Console::pass_input() {
    if (input_.empty())
        return false;
    const std::size_t passed = chaos::xen::write_console_ring(ring_.data(), input_);
    input_.erase(0, passed);
    if (input_.empty()) {
        input_.shrink_to_fit();
        // Whoever types may have more, or be gone and have left more.
        for (std::size_t index = attachments_.size(); index > 0 && input_.empty(); --index) {
            if (index <= attachments_.size() && attachments_[index - 1]->is_writer())
                attachments_[index - 1]->read_more();
        }
    }
    return passed > 0;
}

void Console::take_input(std::string_view typed) {
    const std::size_t passed = chaos::xen::write_console_ring(ring_.data(), typed);
    input_ = typed.substr(passed);
    if (passed > 0)
        daemon_.loop.notify(local_);
}

bool Console::has_writer() const {
    return std::ranges::any_of(attachments_, [](const auto& attachment) { return attachment->is_writing(); });
}

void Console::attach(chaos::UniqueFd socket, bool write) {
    const bool may_write = write && !has_writer();
    if (may_write) // what the one before typed and the guest did not want, it will not get any more
        std::erase_if(attachments_, [](const auto& attachment) { return attachment->is_writer(); });
    if (attachments_.size() >= most_attachments)
        return;
    AttachmentOwner& owner = *this;
    auto attachment = std::make_unique<Attachment>(daemon_.loop, owner, std::move(socket), may_write);
    if (attachment->start())
        attachments_.push_back(std::move(attachment));
}

void Console::detach(Attachment& attachment) {
    std::erase_if(attachments_, [&](const auto& one) { return one.get() == &attachment; });
}

void Console::describe(nlohmann::json& out) const {
    out["log"] = log_.path();
    out["bytes"] = recent_.end();
    out["attached"] = attachments_.size();
    out["writer"] = has_writer();
}

} // namespace xendevd
