// SPDX-License-Identifier: BSD-3-Clause
// One guest's console: its output goes into a log, into the recent output, and to whoever is attached; what one of
// them types goes to the guest.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "libchaos/result.hpp"
#include "libchaos/unique_fd.hpp"
#include "libchaos/xen/grant_table.hpp"
#include "libchaos/xen/ids.hpp"
#include "xendevd/console/attachment.hpp"
#include "xendevd/console/console_log.hpp"
#include "xendevd/console/recent_output.hpp"
#include "xendevd/daemon.hpp"

namespace xendevd {

class Console final : PortHandler, Task, Timer, AttachmentOwner {
  public:
    /// Maps the ring (xen/io/console.h) that `domain` granted and binds its port. What the guest wrote before is read in
    /// the loop's next turn. The log is NAME.log in the daemon's log directory; a name that no guest can have is
    /// replaced by domain-ID. One that is `held` reads nothing, and so logs nothing, before release().
    static chaos::Result<std::unique_ptr<Console>> open(Daemon& daemon, chaos::DomainId domain,
                                                        std::string_view name, chaos::EventChannelPort remote,
                                                        chaos::GrantReference ring, bool held = false);
    /// Reads the guest's last words; those attached get them, then the end of file.
    ~Console();

    /// From now on it is that of the guest `name`.
    void release(std::string_view name);

    /// Takes over a connection: first it gets the recent output. Nothing is sent before the loop's next turn. With
    /// `write` it may type, unless has_writer(). Beyond 16 attachments the connection is closed at once.
    void attach(chaos::UniqueFd socket, bool write);
    /// Whether somebody is attached who may type.
    [[nodiscard]] bool has_writer() const;
    /// Adds {"log":…, "bytes":…, "attached":…, "writer":…} to `out`, an object.
    void describe(nlohmann::json& out) const;

  private:
    Console(Daemon& daemon, chaos::DomainId domain, chaos::xen::GrantMapping ring, bool held);
    void be_named(std::string_view name);
    void handle_event() override;
    void run_task() override { take_output(); }
    void run_timer() override { take_output(); }
    [[nodiscard]] const RecentOutput& output() const override { return recent_; }
    [[nodiscard]] bool wants_input() const override { return input_.empty(); }
    void take_input(std::string_view typed) override;
    void detach(Attachment& attachment) override;

    void take_output();
    bool read_ring();
    bool pass_input();

    Daemon& daemon_;
    chaos::DomainId domain_;
    bool is_held_;
    std::string name_; ///< for the log of xendevd
    chaos::xen::GrantMapping ring_;
    chaos::EventChannelPort local_{};
    ConsoleLog log_{{}};
    RecentOutput recent_;
    std::vector<std::unique_ptr<Attachment>> attachments_;
    std::string input_; ///< typed, and not in the ring yet
    Clock::time_point window_end_{};
    std::size_t taken_in_window_ = 0;
    LogAllowance allowance_;
};

/// Console::open().
chaos::Result<std::unique_ptr<Console>> make_console(Daemon& daemon, chaos::DomainId domain,
                                                     std::string_view name, chaos::EventChannelPort remote,
                                                     chaos::GrantReference ring, bool held = false);

} // namespace xendevd
