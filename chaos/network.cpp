// SPDX-License-Identifier: BSD-3-Clause
// chaos network-attach, network-detach and network-list: vifs that come and go while a guest runs.
#include "chaos/arguments.hpp"
#include "chaos/device_verbs.hpp"
#include "chaos/verbs.hpp"

namespace chaos::cli {

namespace {

Result<ExitCode> attach(Context& context, const Arguments& arguments) {
    const auto& words = arguments.positionals();
    const VifConfig vif = TRY(as_argument(parse_vif(joined(words, 1))));
    Host& host = *TRY(context.host());
    const GuestInfo guest = TRY(chaos::find(host, words.front()));
    const AttachedVif attached = TRY(as_configuration(attach_vif(host, guest, vif)));
    if (context.json)
        TRY(print_changed_device(guest,
                                 Json{{"type", "vif"},
                                      {"id", attached.id},
                                      {"mac", attached.config.mac ? to_text(*attached.config.mac) : ""}}));
    return ExitCode::success;
}

Result<ExitCode> detach(Context& context, const Arguments& arguments) {
    return detach_device(context, arguments, devices::DeviceType::vif, find_vif);
}

Result<ExitCode> list(Context& context, const Arguments& arguments) {
    return list_devices(context, arguments.positionals(), devices::DeviceType::vif);
}

constexpr const char* attach_text[] = {
    "Gives a guest one more network device, as an item of vif= in its configuration would. Without any KEY=VALUE it "
    "is connected to the default bridge, with an address drawn at random. It needs xendevd to be running, and a "
    "guest that notices: a unikernel that says so, or a stock kernel.",
    "The guest gets the device again when it is rebooted."};
constexpr Positional attach_positionals[] = {
    {"GUEST", false, false, Completes::guest, "The guest, by name, domain id or UUID."},
    {"KEY=VALUE", true, true, Completes::vif,
     "A part of the item, such as bridge=xenbr0 or mac=00:16:3e:01:02:03; see chaos.cfg(5)."}};
constexpr Example attach_examples[] = {
    {"chaos network-attach web bridge=xenbr1", "Connect guest web to one more bridge."}};

constexpr const char* detach_text[] = {
    "Takes a network device away. The guest is asked to let go of it; one that does not in time keeps it, unless "
    "--force is given."};
constexpr Positional detach_positionals[] = {
    {"GUEST", false, false, Completes::guest, "The guest, by name, domain id or UUID."},
    {"DEVICE", false, false, Completes::nothing,
     "The device, by the number that network-list shows, or its MAC address."}};
constexpr Example detach_examples[] = {
    {"chaos network-detach web 1", "Take the second vif of guest web away."}};

constexpr const char* list_text[] = {
    "Prints one row for each network device of the guests, in the columns of xl. A state of 4 means that it is "
    "connected, 2 that the guest has not taken it into use yet, 6 that it does not work any more, 1 that nobody serves "
    "it, because chaos was killed while it was attached or detached. The last column names the bridge and the TAP "
    "device."};
constexpr Example list_examples[] = {{"chaos network-list web", "Show the network devices of guest web."},
                                     {"chaos network-list --json web | jq .guests[0].devices[0].counters",
                                      "How much went through the first one."}};

} // namespace

constinit const Verb network_attach_verb = {.name = "network-attach",
                                            .summary = "Give a running guest one more network device",
                                            .text = attach_text,
                                            .options = {},
                                            .positionals = attach_positionals,
                                            .examples = attach_examples,
                                            .exits = attach_exits,
                                            .json_fields = changed_device_fields,
                                            .run = attach};

constinit const Verb network_detach_verb = {.name = "network-detach",
                                            .summary = "Take a network device away from a running guest",
                                            .text = detach_text,
                                            .options = detach_options,
                                            .positionals = detach_positionals,
                                            .examples = detach_examples,
                                            .exits = detach_exits,
                                            .json_fields = changed_device_fields,
                                            .run = detach};

constinit const Verb network_list_verb = {.name = "network-list",
                                          .summary = "Show the network devices of guests",
                                          .text = list_text,
                                          .options = {},
                                          .positionals = target_positionals,
                                          .examples = list_examples,
                                          .exits = list_exits,
                                          .json_fields = device_fields,
                                          .run = list};

} // namespace chaos::cli
