// SPDX-License-Identifier: BSD-3-Clause
// chaos pool: the pools of chaosd, shown and changed.
#include <algorithm>
#include <charconv>

#include "chaos/arguments.hpp"
#include "chaos/context.hpp"
#include "chaos/daemon_client.hpp"
#include "chaos/daemon_json.hpp"
#include "chaos/json.hpp"
#include "chaos/output.hpp"
#include "chaos/verbs.hpp"
#include "libchaos/json/writer.hpp"

namespace chaos::cli {

namespace {

constexpr unsigned most_shells = 32'751; // Xen has no more domain ids

std::string target_of(const std::string& flavour) {
    return "/v1/pools/" + in_target(flavour);
}

std::string row_of(const Json& pool) {
    const std::string trouble = text_in(pool, "trouble");
    std::string state = pool.value("draining", false) ? "drained" : trouble;
    const auto number = [&](const char* key) { return static_cast<unsigned long>(number_in(pool, key)); };
    return format("%-24s %6lu %6lu %6lu %6lu %8lu %8lu %8lu %6lu  %s\n", text_in(pool, "flavour").c_str(),
                  number("depth"), number("min"), number("max"), number("preparing"), number("hits"),
                  number("misses"), number("failed"), number("memory_kib") / 1024,
                  state.empty() ? "-" : state.c_str());
}

Result<ExitCode> list(Context& context, const Arguments&) {
    DaemonClient client = TRY(DaemonClient::connect(context.daemon_socket()));
    const Json answer = TRY(fetch(client, "/v1/pools", "pools"));
    if (context.json) {
        TRY(print_json(answer));
        return ExitCode::success;
    }
    std::string table =
        "Flavour                   Ready    Min    Max  Being     Hits   Misses   Failed    MiB  State\n";
    for (const Json& pool : answer["pools"])
        table += row_of(pool);
    TRY(print(table));
    return ExitCode::success;
}

/// With --json, the pool as it is now.
Result<ExitCode> show_changed(Context& context, DaemonClient& client, const std::string& flavour) {
    if (context.json) {
        const Json pools = TRY(fetch_as_list(client, target_of(flavour), "pools"));
        TRY(print_json(pools));
    }
    return ExitCode::success;
}

struct Size {
    unsigned min = 0, max = 0;
    double per_second = 0;
};

Result<unsigned> read_count(const std::string& text, const char* what) {
    unsigned count = 0;
    const char* end = text.data() + text.size();
    const auto [stopped, failure] = std::from_chars(text.data(), end, count);
    if (failure != std::errc() || stopped != end || count > most_shells)
        return Error(ErrorKind::invalid_argument,
                     format("%s is a whole number up to %u, not '%s'", what, most_shells, text.c_str()));
    return count;
}

/// What the command line says, and `before` where it says nothing.
Result<Size> size_of(const Arguments& arguments, Size before) {
    Size size = before;
    size.max = TRY(read_count(arguments.positionals()[1], "MAX"));
    size.min = TRY(arguments.number("min", 0, size.max, std::min(before.min, size.max)));
    if (arguments.has("per-second"))
        size.per_second = TRY(arguments.number("per-second", 1, 1'000'000, 0));
    return size;
}

Result<void> put(DaemonClient& client, const std::string& flavour, const Size& size) {
    json::Writer writer(64);
    writer.open('{');
    writer.member("min", size.min);
    writer.member("max", size.max);
    writer.key("per_second");
    writer.real(size.per_second);
    writer.close('}');
    TRY(client.ask("PUT", target_of(flavour), std::move(writer).finish()));
    return {};
}

Result<ExitCode> create(Context& context, const Arguments& arguments) {
    const std::string& flavour = arguments.positionals()[0];
    const Size size = TRY(size_of(arguments, {}));
    DaemonClient client = TRY(DaemonClient::connect(context.daemon_socket()));
    if (client.ask("GET", target_of(flavour), {}))
        return Error(ErrorKind::name_taken, "flavour " + flavour + " has a pool already")
            .advise("'chaos pool resize' changes it.");
    TRY(put(client, flavour, size));
    return show_changed(context, client, flavour);
}

Result<ExitCode> resize(Context& context, const Arguments& arguments) {
    const std::string& flavour = arguments.positionals()[0];
    DaemonClient client = TRY(DaemonClient::connect(context.daemon_socket()));
    const Json pool = TRY(fetch(client, target_of(flavour)));
    Size before{static_cast<unsigned>(number_in(pool, "min")), 0, 0};
    if (const auto rate = pool.find("per_second"); rate != pool.end() && rate->is_number())
        before.per_second = rate->get<double>();
    const Size size = TRY(size_of(arguments, before));
    TRY(put(client, flavour, size));
    return show_changed(context, client, flavour);
}

Result<ExitCode> drain(Context& context, const Arguments& arguments) {
    const std::string& flavour = arguments.positionals()[0];
    DaemonClient client = TRY(DaemonClient::connect(context.daemon_socket()));
    TRY(client.ask("POST", target_of(flavour) + "/drain", {}));
    return show_changed(context, client, flavour);
}

Result<ExitCode> remove(Context& context, const Arguments& arguments) {
    DaemonClient client = TRY(DaemonClient::connect(context.daemon_socket()));
    TRY(client.ask("DELETE", target_of(arguments.positionals()[0]), {}));
    if (context.json)
        TRY(print_json(Json{{"pools", Json::array()}}));
    return ExitCode::success;
}

constexpr const char* about =
    "A pool is what chaosd(8) keeps ready of one flavour: shells of guests, with memory and devices, "
    "in which 'chaos create' starts a guest in less time than it takes to make one.";
constexpr const char* list_text[] = {
    about,
    "Prints a row for each pool: shells that are ready, the numbers that are kept when memory is short and "
    "otherwise, shells being prepared, guests that found one and those that did not, shells that could not be "
    "prepared, memory held, and why it is not full."};
constexpr const char* create_text[] = {about,
                                       "Makes the pool of a flavour, and fills it while the host has time."};
constexpr const char* resize_text[] = {
    "Changes how many shells are kept. What is not given stays as it is. A pool that was drained is filled again."};
constexpr const char* drain_text[] = {
    "Destroys the shells of a pool, and prepares no others until 'chaos pool resize'."};
constexpr const char* delete_text[] = {"Destroys a pool and its shells. The flavour stays."};
constexpr Positional one_flavour[] = {
    {"FLAVOUR", false, false, Completes::flavour, "The flavour of the pool."}};
constexpr Positional flavour_and_size[] = {
    {"FLAVOUR", false, false, Completes::flavour, "The flavour of the pool."},
    {"MAX", false, false, Completes::nothing, "How many shells are kept."}};
constexpr Option size_options[] = {
    {0, "min", Takes::value, "N",
     "Keep so many even when memory is short, unless a guest needs it; 0 if not given."},
    {0, "per-second", Takes::value, "N",
     "Prepare at most so many a second; as many as spare CPU time allows if not given."},
};
constexpr Example list_examples[] = {{"chaos pool list", "Show all pools."}};
constexpr Example create_examples[] = {
    {"chaos pool create web 8 --min 2", "Keep 8 shells of web ready, and 2 whatever happens."}};
constexpr Example resize_examples[] = {{"chaos pool resize web 16", "Keep 16."}};
constexpr Example drain_examples[] = {{"chaos pool drain web", "Give the memory of a pool back."}};
constexpr Example delete_examples[] = {{"chaos pool delete web", "End a pool."}};
constexpr ExitCode exits[] = {ExitCode::no_such_guest};
constexpr ExitCode create_exits[] = {ExitCode::no_such_guest, ExitCode::name_taken};
constexpr JsonField fields[] = {
    {"pools[].flavour", "The flavour."},
    {"pools[].min", "Shells kept when memory is short."},
    {"pools[].max", "Shells kept otherwise."},
    {"pools[].per_second", "Shells prepared a second at most; 0 if as many as spare CPU time allows."},
    {"pools[].depth", "Shells ready to be handed out."},
    {"pools[].preparing", "Shells being prepared."},
    {"pools[].draining", "Whether it was drained."},
    {"pools[].hits", "Guests made in a shell of it."},
    {"pools[].misses", "Guests that found it empty."},
    {"pools[].prepared", "Shells prepared since chaosd began."},
    {"pools[].failed", "Shells that could not be prepared."},
    {"pools[].dropped", "Shells destroyed unused."},
    {"pools[].memory_kib", "Memory held by its shells."},
    {"pools[].trouble", "Why it is not full, or null."},
};

} // namespace

constinit const Verb pool_list_verb = {.name = "pool list",
                                       .summary = "Show the pools of chaosd",
                                       .text = list_text,
                                       .options = {},
                                       .positionals = {},
                                       .examples = list_examples,
                                       .exits = {},
                                       .json_fields = fields,
                                       .run = list};
constinit const Verb pool_create_verb = {.name = "pool create",
                                         .summary = "Keep shells of a flavour ready",
                                         .text = create_text,
                                         .options = size_options,
                                         .positionals = flavour_and_size,
                                         .examples = create_examples,
                                         .exits = create_exits,
                                         .json_fields = fields,
                                         .run = create};
constinit const Verb pool_resize_verb = {.name = "pool resize",
                                         .summary = "Change how many shells a pool keeps",
                                         .text = resize_text,
                                         .options = size_options,
                                         .positionals = flavour_and_size,
                                         .examples = resize_examples,
                                         .exits = exits,
                                         .json_fields = fields,
                                         .run = resize};
constinit const Verb pool_drain_verb = {.name = "pool drain",
                                        .summary = "Destroy the shells of a pool",
                                        .text = drain_text,
                                        .options = {},
                                        .positionals = one_flavour,
                                        .examples = drain_examples,
                                        .exits = exits,
                                        .json_fields = fields,
                                        .run = drain};
constinit const Verb pool_delete_verb = {.name = "pool delete",
                                         .summary = "Destroy a pool and its shells",
                                         .text = delete_text,
                                         .options = {},
                                         .positionals = one_flavour,
                                         .examples = delete_examples,
                                         .exits = exits,
                                         .json_fields = fields,
                                         .run = remove};

} // namespace chaos::cli
