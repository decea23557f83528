// SPDX-License-Identifier: BSD-3-Clause
// chaos version: which chaos this is.
#include "chaos/version.hpp"

#include "chaos/arguments.hpp"
#include "chaos/context.hpp"
#include "chaos/json.hpp"
#include "chaos/output.hpp"
#include "chaos/verbs.hpp"

namespace chaos::cli {

std::string version_line() {
    return format("chaos %s (built for Xen %s)\n", version, built_for_xen);
}

namespace {

Result<ExitCode> run(Context& context, const Arguments&) {
    if (context.json)
        TRY(print_json(Json{{"chaos", version}, {"built_for_xen", built_for_xen}}));
    else
        TRY(print(version_line()));
    return ExitCode::success;
}

constexpr const char* text[] = {
    "Prints the version of chaos and the release of Xen that it was built for: Xen's "
    "control interface differs from release to release. Works on any machine."};
constexpr Example examples[] = {{"chaos version --json", "The same for a program."}};
constexpr JsonField fields[] = {{"chaos", "The version."},
                                {"built_for_xen", "The release of Xen whose control interface is used."}};

} // namespace

constinit const Verb version_verb = {.name = "version",
                                     .summary = "Print the version",
                                     .text = text,
                                     .options = {},
                                     .positionals = {},
                                     .examples = examples,
                                     .exits = {},
                                     .json_fields = fields,
                                     .run = run};

} // namespace chaos::cli
