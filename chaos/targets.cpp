// SPDX-License-Identifier: BSD-3-Clause
// Doing one thing to many guests, with a failure of one not stopping the others.
#include "chaos/targets.hpp"

#include "chaos/json.hpp"
#include "chaos/output.hpp"

namespace chaos::cli {

Result<Targets> Targets::find(Context& context, const std::vector<std::string>& names) {
    Targets targets(context, *TRY(context.host()));
    for (const std::string& name : names) {
        Target& target = targets.targets_.emplace_back();
        target.asked = name;
        auto guest = chaos::find(*targets.host_, name);
        if (guest)
            target.guest = std::move(*guest);
        else
            targets.fail(target, std::move(guest).error());
    }
    return targets;
}

Result<Targets> Targets::all(Context& context) {
    Targets targets(context, *TRY(context.host()));
    for (GuestInfo& guest : TRY(chaos::list(*targets.host_)))
        if (guest.record)
            targets.targets_.push_back({guest.name(), std::move(guest), nullptr, std::nullopt});
    return targets;
}

void Targets::fail(Target& target, Error error) {
    report(error);
    target.failure = std::move(error);
}

void Targets::each(const Step& step) {
    for (Target& target : targets_) {
        if (target.failure && target.failure->kind() == ErrorKind::interrupted)
            return;
        if (target.failure || target.result != nullptr)
            continue;
        auto result = step(*host_, *target.guest);
        if (result)
            target.result = *result;
        else
            fail(target, std::move(result).error());
    }
}

Result<ExitCode> Targets::conclude() {
    const Error* first = nullptr;
    Json guests = Json::array();
    for (const Target& target : targets_) {
        if (target.failure && first == nullptr)
            first = &*target.failure;
        if (!context_->json)
            continue;
        Json member = {{"asked", target.asked}};
        if (target.guest) {
            member["name"] = target.guest->name();
            member["id"] = raw(target.guest->domain.id);
            member["uuid"] = Uuid{target.guest->domain.handle}.to_string();
        }
        if (target.result != nullptr)
            member["result"] = target.result;
        if (target.failure)
            member["error"] = json_of(*target.failure);
        guests.push_back(std::move(member));
    }
    if (context_->json) {
        Json document = {{"guests", std::move(guests)}};
        if (first != nullptr)
            document["error"] = json_of(*first);
        TRY(print_json(document));
    }
    return first == nullptr ? ExitCode::success : exit_code_of(first->kind());
}

} // namespace chaos::cli
