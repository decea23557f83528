// SPDX-License-Identifier: BSD-3-Clause
// From the kernel's "online" to hotplug-status=connected, for which the back-end waits.
#include "xendevd/kernel/kernel_vifs.hpp"

#include <charconv>
#include <filesystem>

#include "libchaos/xenstore/device_keys.hpp"
#include "xendevd/vif/networks.hpp"

namespace xendevd {

using chaos::Error;
using chaos::Result;
namespace xenstore = chaos::xenstore;

namespace {

/// The keys that are read of each back-end, in this order.
enum Key : std::size_t { plug, status, bridge, vlan, mtu, name, key_count };
constexpr const char* key_names[key_count] = {xenstore::plug_key, "hotplug-status", "bridge", "vlan", "mtu",
                                              "vifname"};

std::string directory_of(KernelVif vif) {
    return xenstore::DeviceAddress{vif.domain, "vif", vif.id}.back_end();
}

std::string interface_of(KernelVif vif) {
    return "vif" + std::to_string(raw(vif.domain)) + "." + std::to_string(vif.id);
}

/// 0 if it is no number of that size.
std::uint16_t number_in(const std::optional<std::string>& text) {
    std::uint16_t number = 0;
    if (text)
        (void)std::from_chars(text->data(), text->data() + text->size(), number);
    return number;
}

} // namespace

Result<std::unique_ptr<KernelVifs>> KernelVifs::open(Daemon& daemon, const std::string& socket,
                                                     const std::string& devices) {
    auto xenstored = TRY(Xenstored::open(daemon.loop, socket));
    if (!xenstored)
        return std::unique_ptr<KernelVifs>();
    std::unique_ptr<KernelVifs> vifs(new KernelVifs(daemon, devices));
    vifs->xenstored_ = std::move(xenstored);
    vifs->xenstored_->when_lost = [&log = daemon.log] {
        log.error(
            "xenstored has closed the connection: vifs of the kernel's are not connected to bridges any "
            "more. Start xendevd again when xenstored runs");
    };
    vifs->uevents_ = TRY(Uevents::open(
        daemon.loop,
        [self = vifs.get()](const VifUevent& event) {
            if (event.is_online)
                self->look_at(event.vif);
            else
                self->forget(event.vif);
        },
        [self = vifs.get()] { self->look_at_all(); }));
    vifs->look_at_all(); // after that: one that comes now is heard of or seen
    return vifs;
}

void KernelVifs::look_at_all() {
    std::error_code code; // a kernel without back-ends has no such directory
    for (std::filesystem::directory_iterator entry(devices_, code), end; !code && entry != end;
         entry.increment(code))
        if (const auto vif = parse_back_end_name(entry->path().filename().string()))
            look_at(*vif);
}

void KernelVifs::look_at(KernelVif vif) {
    xenstore::Batch batch;
    for (const char* key : key_names)
        batch.read(directory_of(vif) + "/" + key);
    xenstored_->ask(batch, [this, vif](Xenstored::Answers answers) { connect(vif, std::move(answers)); });
}

void KernelVifs::connect(KernelVif vif, Xenstored::Answers answers) {
    if (answers[plug] != xenstore::plug_value || answers[status] == "connected")
        return; // another's, or done
    if (!connecting_.insert(vif).second)
        return;
    HostInterface interface;
    interface.name = interface_of(vif);
    interface.new_name = answers[name].value_or("");
    interface.bridge = answers[bridge].value_or("");
    interface.mtu = number_in(answers[mtu]);
    if (answers[vlan])
        interface.vlan = number_in(answers[vlan]);
    const std::string present = interface.new_name.empty() ? interface.name : interface.new_name;
    daemon_.networks->connect_interface(
        std::move(interface),
        [this, vif, present](const Result<bool>& connected) { tell(vif, present, connected); });
}

void KernelVifs::tell(KernelVif vif, const std::string& interface, const Result<bool>& on_open_vswitch) {
    connecting_.erase(vif);
    if (on_open_vswitch && *on_open_vswitch)
        on_open_vswitch_[vif] = interface;
    xenstore::Batch batch;
    // Its directory may be gone by now, and must not come back: what is written into nothing has another owner's
    // permissions, but would stay.
    const std::string directory = directory_of(vif);
    batch.read(directory + "/state");
    const std::string problem = on_open_vswitch ? std::string() : on_open_vswitch.error().story();
    const std::string advice = on_open_vswitch ? std::string() : on_open_vswitch.error().advice();
    xenstored_->ask(batch, [this, directory, problem, advice](const Xenstored::Answers& answers) {
        if (!answers.front())
            return;
        xenstore::Batch answer;
        if (!problem.empty())
            answer.write(directory + "/hotplug-error", problem + (advice.empty() ? "" : ". " + advice));
        answer.write(directory + "/hotplug-status", problem.empty() ? "connected" : "error");
        xenstored_->ask(answer, {});
    });
    if (!problem.empty())
        daemon_.log.warning("connecting " + interface + ": " + problem);
}

void KernelVifs::forget(KernelVif vif) {
    const auto found = on_open_vswitch_.find(vif);
    if (found == on_open_vswitch_.end())
        return;
    daemon_.networks->remove_port(found->second);
    on_open_vswitch_.erase(found);
}

} // namespace xendevd
