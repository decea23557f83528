// SPDX-License-Identifier: BSD-3-Clause
// chaos block-attach, block-detach and block-list: disks that come and go while a guest runs.
#include "chaos/arguments.hpp"
#include "chaos/device_verbs.hpp"
#include "chaos/verbs.hpp"

namespace chaos::cli {

namespace {

Result<ExitCode> attach(Context& context, const Arguments& arguments) {
    const auto& words = arguments.positionals();
    const DiskConfig disk = TRY(as_argument(parse_disk(joined(words, 1))));
    Host& host = *TRY(context.host());
    const GuestInfo guest = TRY(chaos::find(host, words.front()));
    const AttachedDisk attached = TRY(as_configuration(attach_disk(host, guest, disk)));
    if (context.json)
        TRY(print_changed_device(guest, Json{{"type", "vbd"},
                                             {"id", attached.id},
                                             {"vdev", attached.config.device_name},
                                             {"path", attached.config.path}}));
    return ExitCode::success;
}

Result<ExitCode> detach(Context& context, const Arguments& arguments) {
    return detach_device(context, arguments, devices::DeviceType::vbd, find_disk);
}

Result<ExitCode> list(Context& context, const Arguments& arguments) {
    return list_devices(context, arguments.positionals(), devices::DeviceType::vbd);
}

constexpr const char* attach_text[] = {
    "Gives a guest one more disk, as an item of disk= in its configuration would. It needs xendevd to be running, "
    "and a guest that notices: a unikernel that says so, or a stock kernel.",
    "The guest gets the disk again when it is rebooted."};
constexpr Positional attach_positionals[] = {
    {"GUEST", false, false, Completes::guest, "The guest, by name, domain id or UUID."},
    {"SPEC", false, true, Completes::file,
     "The item, such as /srv/data.img,raw,xvdb,rw, whole or in several words; see chaos.cfg(5)."}};
constexpr Example attach_examples[] = {
    {"chaos block-attach web /srv/data.img,raw,xvdb,rw", "Give guest web a second disk."}};

constexpr const char* detach_text[] = {
    "Takes a disk away. The guest is asked to let go of it; one that does not in time, because the disk is mounted "
    "for example, keeps it, unless --force is given."};
constexpr Positional detach_positionals[] = {
    {"GUEST", false, false, Completes::guest, "The guest, by name, domain id or UUID."},
    {"DEVICE", false, false, Completes::nothing,
     "The disk, by the name that the guest knows it by, or the number that block-list shows."}};
constexpr Example detach_examples[] = {{"chaos block-detach web xvdb", "Take disk xvdb of guest web away."}};

constexpr const char* list_text[] = {
    "Prints one row for each disk of the guests, in the columns of xl. A state of 4 means that it is connected, 2 "
    "that the guest has not taken it into use yet, 6 that it does not work any more, 1 that nobody serves it, because "
    "chaos was killed while it was attached or detached. The last column is the image."};
constexpr Example list_examples[] = {{"chaos block-list web", "Show the disks of guest web."}};

} // namespace

constinit const Verb block_attach_verb = {.name = "block-attach",
                                          .summary = "Give a running guest one more disk",
                                          .text = attach_text,
                                          .options = {},
                                          .positionals = attach_positionals,
                                          .examples = attach_examples,
                                          .exits = attach_exits,
                                          .json_fields = changed_device_fields,
                                          .run = attach};

constinit const Verb block_detach_verb = {.name = "block-detach",
                                          .summary = "Take a disk away from a running guest",
                                          .text = detach_text,
                                          .options = detach_options,
                                          .positionals = detach_positionals,
                                          .examples = detach_examples,
                                          .exits = detach_exits,
                                          .json_fields = changed_device_fields,
                                          .run = detach};

constinit const Verb block_list_verb = {.name = "block-list",
                                        .summary = "Show the disks of guests",
                                        .text = list_text,
                                        .options = {},
                                        .positionals = target_positionals,
                                        .examples = list_examples,
                                        .exits = list_exits,
                                        .json_fields = device_fields,
                                        .run = list};

} // namespace chaos::cli
