// SPDX-License-Identifier: BSD-3-Clause
// {"flavours":{"web":{"disks":1,"shape":{…}},"old":null},"pools":{"web":{"min":0,"max":8,"per_second":0}}}
#include "chaos/daemon/saved.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "libchaos/json/config_json.hpp"
#include "libchaos/unique_fd.hpp"

namespace chaos::daemon {

namespace {

using json::Fields;
using Document = nlohmann::json;

Result<FlavourSpec> read_flavour(const std::string& name, const Document& value) {
    const Fields fields = TRY(Fields::of(value, "flavour " + name));
    FlavourSpec flavour;
    flavour.name = name;
    flavour.disks = static_cast<std::uint32_t>(TRY(fields.number("disks", 0, most_devices)));
    const Document* shape = fields.find("shape");
    if (!shape)
        return json::wrong("shape is missing");
    const Fields members = TRY(Fields::of(*shape, "shape"));
    flavour.shape = TRY(json::read_config(members));
    return flavour;
}

Result<PoolSpec> read_pool(const Document& value) {
    const Fields fields = TRY(Fields::of(value, "a pool"));
    PoolSpec pool;
    pool.min = static_cast<std::uint32_t>(TRY(fields.number("min", 0, json::any<>)));
    pool.max = static_cast<std::uint32_t>(TRY(fields.number("max", 0, json::any<>)));
    const Document* rate = fields.find("per_second");
    if (!rate || !rate->is_number() || !std::isfinite(rate->get<double>()) || rate->get<double>() < 0)
        return json::wrong("per_second is no number from 0 on");
    pool.per_second = rate->get<double>();
    return pool;
}

/// The members of a member that is an object.
template<typename Read>
Result<void> each_member(const Document& document, const char* key, Read read) {
    const auto found = document.find(key);
    if (found == document.end() || !found->is_object())
        return json::wrong(std::string(key) + " is missing");
    for (const auto& [name, value] : found->items()) {
        if (auto checked = check_guest_name(name); !checked)
            return json::wrong("a name in " + std::string(key) + " is none");
        TRY(read(name, value).while_doing(std::string(key) + " " + name));
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
    Document flavours = Document::object();
    for (const auto& [name, flavour] : saved.flavours) {
        Document& value = flavours[name];
        if (flavour)
            value = {{"disks", flavour->disks}, {"shape", Document::parse(json::to_json(flavour->shape))}};
    }
    Document pools = Document::object();
    for (const auto& [name, pool] : saved.pools) {
        Document& value = pools[name];
        if (pool)
            value = {{"min", pool->min}, {"max", pool->max}, {"per_second", pool->per_second}};
    }
    return Document{{"flavours", std::move(flavours)}, {"pools", std::move(pools)}}.dump(1) + '\n';
}

Result<SavedPools> saved_from_json(std::string_view text) {
    const Document document = Document::parse(text, nullptr, false);
    if (!document.is_object())
        return json::wrong("it is not a JSON object");
    SavedPools saved;
    const auto add_flavour = [&](const std::string& name, const Document& value) -> Result<void> {
        auto& flavour = saved.flavours[name];
        if (!value.is_null())
            flavour = TRY(read_flavour(name, value));
        return {};
    };
    const auto add_pool = [&](const std::string& name, const Document& value) -> Result<void> {
        auto& pool = saved.pools[name];
        if (!value.is_null())
            pool = TRY(read_pool(value));
        return {};
    };
    TRY(each_member(document, "flavours", add_flavour));
    TRY(each_member(document, "pools", add_pool));
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
