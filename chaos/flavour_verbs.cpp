// SPDX-License-Identifier: BSD-3-Clause
// chaos flavour: what guests of one kind have in common, as chaosd knows it.
#include "chaos/arguments.hpp"
#include "chaos/config_words.hpp"
#include "chaos/context.hpp"
#include "chaos/create_by_daemon.hpp"
#include "chaos/daemon_client.hpp"
#include "chaos/daemon_json.hpp"
#include "chaos/json.hpp"
#include "chaos/output.hpp"
#include "chaos/verbs.hpp"
#include "libchaos/json/config_json.hpp"

namespace chaos::cli {

namespace {

std::string target_of(const std::string& flavour) {
    return "/v1/flavours/" + in_target(flavour);
}

const Json& member(const Json& object, const char* key) {
    static const Json none;
    const auto found = object.find(key);
    return found == object.end() ? none : *found;
}

/// A path, which may be {"hex":…}.
std::string path_in(const Json& shape, const char* key) {
    const Json& value = member(shape, key);
    return value.is_object() ? "(not text)" : text_in(shape, key);
}

Result<ExitCode> list(Context& context, const Arguments&) {
    DaemonClient client = TRY(DaemonClient::connect(context.daemon_socket()));
    const Json answer = TRY(fetch(client, "/v1/flavours", "flavours"));
    if (context.json) {
        TRY(print_json(answer));
        return ExitCode::success;
    }
    std::string table = "Name                          Mem VCPUs  Vifs Disks  Kernel\n";
    for (const Json& flavour : answer["flavours"]) {
        const Json& shape = member(flavour, "shape");
        const std::string kernel = path_in(shape, "kernel");
        table += format("%-26s %6lu %5lu %5zu %5lu  %s\n", text_in(flavour, "name").c_str(),
                        static_cast<unsigned long>(number_in(shape, "memory_kib") / 1024),
                        static_cast<unsigned long>(number_in(shape, "vcpus")), member(shape, "vifs").size(),
                        static_cast<unsigned long>(number_in(flavour, "disks")),
                        kernel.empty() ? "-" : kernel.c_str());
    }
    TRY(print(table));
    return ExitCode::success;
}

Result<ExitCode> show(Context& context, const Arguments& arguments) {
    DaemonClient client = TRY(DaemonClient::connect(context.daemon_socket()));
    const Json flavour = TRY(fetch(client, target_of(arguments.positionals()[0])));
    if (context.json) {
        TRY(print_json(Json{{"flavours", Json::array({flavour})}}));
        return ExitCode::success;
    }
    std::string lines = "name: " + text_in(flavour, "name") + "\n";
    for (const auto& [key, value] : member(flavour, "shape").items())
        if (!value.empty() && value != "")
            lines += key + ": " + (value.is_string() ? value.get<std::string>() : value.dump()) + "\n";
    TRY(print(lines + format("disks: %lu\n", static_cast<unsigned long>(number_in(flavour, "disks")))));
    return ExitCode::success;
}

/// What guests made of this configuration have in common; how many disks is kept, and which is not.
struct Shape {
    GuestConfig config;
    std::size_t disks = 0;
};

Result<Shape> shape_of(const std::string& name, std::vector<std::string> words) {
    TRY(check_guest_name(name));
    words.erase(words.begin());
    if (words.empty())
        return Error(ErrorKind::invalid_argument, "FILE or a setting is missing");
    const bool only_settings = is_setting(words.front());
    bool kernel = !only_settings;
    for (const std::string& word : words)
        kernel = kernel || word.starts_with("kernel");
    words.push_back("name='" + name + "'");
    if (!kernel) // not needed here, but by whoever reads a configuration
        words.emplace_back("kernel='none'");
    Shape shape{TRY(config_of(words)), 0};
    if (!kernel)
        shape.config.kernel.clear();
    else
        TRY(make_paths_absolute(shape.config));
    shape.disks = shape.config.disks.size();
    shape.config.name.clear();
    shape.config.uuid.reset();
    shape.config.command_line.clear();
    shape.config.disks.clear();
    for (VifConfig& vif : shape.config.vifs) {
        vif.mac.reset();
        vif.ipv4.reset();
        vif.ipv4_prefix = 0;
        vif.gateway.reset();
        vif.device_name.clear();
    }
    return shape;
}

Result<ExitCode> set(Context& context, const Arguments& arguments) {
    const std::string& name = arguments.positionals()[0];
    const Shape shape = TRY(shape_of(name, arguments.positionals()));
    json::Writer writer(512);
    writer.open('{');
    writer.key("shape");
    writer.open('{');
    json::write_members(writer, shape.config);
    writer.close('}');
    writer.member("disks", shape.disks);
    writer.close('}');
    DaemonClient client = TRY(DaemonClient::connect(context.daemon_socket()));
    TRY(client.ask("PUT", target_of(name), std::move(writer).finish()));
    if (context.json) {
        const Json flavours = TRY(fetch_as_list(client, target_of(name), "flavours"));
        TRY(print_json(flavours));
    }
    return ExitCode::success;
}

Result<ExitCode> remove(Context& context, const Arguments& arguments) {
    DaemonClient client = TRY(DaemonClient::connect(context.daemon_socket()));
    TRY(client.ask("DELETE", target_of(arguments.positionals()[0]), {}));
    if (context.json)
        TRY(print_json(Json{{"flavours", Json::array()}}));
    return ExitCode::success;
}

constexpr const char* list_text[] = {
    "A flavour says what guests of one kind have in common, so that chaosd(8) can prepare them before they are asked for.",
    "Prints a row for each: memory in MiB, virtual CPUs, network devices, places for disks, and the kernel if shells are "
    "prepared with it."};
constexpr const char* show_text[] = {"Prints what a flavour says."};
constexpr const char* set_text[] = {
    "Makes a flavour, or replaces one: the shells of its pool are then made anew.",
    "FILE and settings are those of 'chaos create': a flavour can be made of a guest's own file. What only one guest can "
    "have is left out: name, UUID, command line, and addresses; of disks, only how many there are. Without a kernel, "
    "shells are prepared as far as can be without one."};
constexpr const char* delete_text[] = {"Forgets a flavour. Its pool must be deleted first."};
constexpr Positional one_flavour[] = {{"FLAVOUR", false, false, Completes::flavour, "The flavour."}};
constexpr Positional set_positionals[] = {
    {"FLAVOUR", false, false, Completes::flavour, "The flavour."},
    {"FILE", true, false, Completes::file, "A configuration. Needed unless the settings are all there is."},
    {"KEY=VALUE", true, true, Completes::setting, "A setting in the syntax of the file."}};
constexpr Example list_examples[] = {{"chaos flavour list", "Show all flavours."}};
constexpr Example show_examples[] = {{"chaos flavour show web", "Show one."}};
constexpr Example set_examples[] = {
    {"chaos flavour set web web.cfg", "Make a flavour of a guest's file."},
    {"chaos flavour set small memory=4 kernel=/boot/noop", "Make one without a file."}};
constexpr Example delete_examples[] = {{"chaos flavour delete web", "Forget one."}};
constexpr ExitCode exits[] = {ExitCode::no_such_guest};
constexpr ExitCode set_exits[] = {ExitCode::configuration};
constexpr JsonField fields[] = {
    {"flavours[].name", "The name."},
    {"flavours[].shape",
     "What its guests have in common, in the form that 'create --dry-run --json' prints."},
    {"flavours[].disks", "Places for disks that each guest names."},
};

} // namespace

constinit const Verb flavour_list_verb = {.name = "flavour list",
                                          .summary = "Show the flavours of chaosd",
                                          .text = list_text,
                                          .options = {},
                                          .positionals = {},
                                          .examples = list_examples,
                                          .exits = {},
                                          .json_fields = fields,
                                          .run = list};
constinit const Verb flavour_show_verb = {.name = "flavour show",
                                          .summary = "Show one flavour",
                                          .text = show_text,
                                          .options = {},
                                          .positionals = one_flavour,
                                          .examples = show_examples,
                                          .exits = exits,
                                          .json_fields = fields,
                                          .run = show};
constinit const Verb flavour_set_verb = {.name = "flavour set",
                                         .summary = "Make or replace a flavour",
                                         .text = set_text,
                                         .options = {},
                                         .positionals = set_positionals,
                                         .examples = set_examples,
                                         .exits = set_exits,
                                         .json_fields = fields,
                                         .run = set};
constinit const Verb flavour_delete_verb = {.name = "flavour delete",
                                            .summary = "Forget a flavour",
                                            .text = delete_text,
                                            .options = {},
                                            .positionals = one_flavour,
                                            .examples = delete_examples,
                                            .exits = exits,
                                            .json_fields = fields,
                                            .run = remove};

} // namespace chaos::cli
