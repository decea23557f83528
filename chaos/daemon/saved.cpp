// SPDX-License-Identifier: BSD-3-Clause
// {"flavours":{"web":{"disks":1,"shape":{…}},"old":null},"pools":{"web":{"min":0,"max":8,"per_second":0}}}
#include "chaos/daemon/saved.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "libchaos/json/config_json.hpp"
#include "libchaos/unique_fd.hpp"

namespace chaos::daemon {

namespace {

using json::Fields;
using json::Value;
using Json = nlohmann::json;

Result<FlavourSpec> read_flavour(const std::string& name, const Value& value) {
    const Fields fields = TRY(Fields::of(value, "flavour " + name));
    FlavourSpec flavour;
    flavour.name = name;
    flavour.disks = static_cast<std::uint32_t>(TRY(fields.number("disks", 0, most_devices)));
    const Value* shape = fields.find("shape");
    if (!shape)
        return json::wrong("shape is missing");
    const Fields members = TRY(Fields::of(*shape, "shape"));
    flavour.shape = TRY(json::read_config(members));
    return flavour;
}

Result<PoolSpec> read_pool(const Value& value) {
    const Fields fields = TRY(Fields::of(value, "a pool"));
    PoolSpec pool;
    pool.min = static_cast<std::uint32_t>(TRY(fields.number("min", 0, json::any<>)));
    pool.max = static_cast<std::uint32_t>(TRY(fields.number("max", 0, json::any<>)));
    const Value* rate = fields.find("per_second");
    if (!rate || !rate->is_number() || rate->real() < 0)
        return json::wrong("per_second is no number from 0 on");
    pool.per_second = rate->real();
    return pool;
}

/// The members of a member that is an object.
template<typename Read>
Result<void> each_member(const Value& document, const char* key, Read read) {
    const Value* found = document.find(key);
    if (!found || !found->is_object())
        return json::wrong(std::string(key) + " is missing");
    for (const auto& [name, value] : found->members()) {
        if (auto checked = check_guest_name(name); !checked)
            return json::wrong("a name in " + std::string(key) + " is none");
        TRY(read(std::string(name), value).while_doing(std::string(key) + " " + std::string(name)));
    }
    return {};
}

Result<void> write_and_sync(const std::string& path, std::string_view text) {
    const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file.is_open())
        return Error::from_errno("open", errno);
    while (!text.empty()) {
        const ssize_t size = ::write(file.get(), text.data(), text.size());
        if (size < 0)
            return Error::from_errno("write", errno);
        text.remove_prefix(static_cast<std::size_t>(size));
    }
    if (::fdatasync(file.get()) != 0)
        return Error::from_errno("fdatasync", errno);
    return {};
}

} // namespace

std::string to_json(const SavedPools& saved) {
    Json flavours = Json::object();
    for (const auto& [name, flavour] : saved.flavours) {
        Json& value = flavours[name];
        if (flavour)
            value = {{"disks", flavour->disks}, {"shape", Json::parse(json::to_json(flavour->shape))}};
    }
    Json pools = Json::object();
    for (const auto& [name, pool] : saved.pools) {
        Json& value = pools[name];
        if (pool)
            value = {{"min", pool->min}, {"max", pool->max}, {"per_second", pool->per_second}};
    }
    return Json{{"flavours", std::move(flavours)}, {"pools", std::move(pools)}}.dump(1) + '\n';
}

Result<SavedPools> saved_from_json(std::string_view text) {
    const json::Document document(text);
    if (!document.root().is_object())
        return json::wrong("it is not a JSON object");
    SavedPools saved;
    const auto add_flavour = [&](const std::string& name, const Value& value) -> Result<void> {
        auto& flavour = saved.flavours[name] = std::nullopt;
        if (!value.is_null())
            flavour = TRY(read_flavour(name, value));
        return {};
    };
    const auto add_pool = [&](const std::string& name, const Value& value) -> Result<void> {
        auto& pool = saved.pools[name] = std::nullopt;
        if (!value.is_null())
            pool = TRY(read_pool(value));
        return {};
    };
    TRY(each_member(document.root(), "flavours", add_flavour));
    TRY(each_member(document.root(), "pools", add_pool));
    return saved;
}

Result<SavedPools> load_saved(const std::string& path) {
    std::ifstream file(path);
    if (!file && errno == ENOENT)
        return SavedPools{};
    std::ostringstream text;
    if (file)
        text << file.rdbuf();
    if (!file)
        return Error::from_errno("open", errno).while_doing("reading " + path);
    return saved_from_json(text.view()).while_doing("reading " + path);
}

Result<void> save(const SavedPools& saved, const std::string& path) {
    const std::string replacement = path + ".new";
    auto written = write_and_sync(replacement, to_json(saved));
    if (written && ::rename(replacement.c_str(), path.c_str()) != 0)
        written = Error::from_errno("rename", errno);
    if (!written)
        (void)::unlink(replacement.c_str());
    return std::move(written).while_doing("writing " + path);
}

} // namespace chaos::daemon
