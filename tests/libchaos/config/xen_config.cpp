// SPDX-License-Identifier: BSD-3-Clause
// Calls libxlutil, which reports what it dislikes into a file: here nowhere.
#include "xen_config.hpp"

#include <cstdio>
#include <memory>

extern "C" {
#include <libxlutil.h>
}

namespace {

std::string describe(const XLU_Config* config, XLU_ConfigValue* value) {
    char* text = nullptr;
    if (xlu_cfg_value_type(value) == XLU_STRING && xlu_cfg_value_get_string(config, value, &text, 1) == 0)
        return "<" + std::string(text) + ">";
    XLU_ConfigList* list = nullptr;
    if (xlu_cfg_value_get_list(config, value, &list, 1) != 0)
        return "neither";
    std::string all = "[";
    for (int i = 0; XLU_ConfigValue* item = xlu_cfg_get_listitem2(list, i); ++i)
        all += describe(config, item);
    return all + "]";
}

std::string describe(const XLU_Config* config, const std::string& key) {
    const char* text = nullptr;
    if (xlu_cfg_get_string(config, key.c_str(), &text, 1) == 0)
        return key + "<" + text + ">\n";
    XLU_ConfigList* list = nullptr;
    if (xlu_cfg_get_list(config, key.c_str(), &list, nullptr, 1) != 0)
        return "";
    std::string all = key + "[";
    for (int i = 0; XLU_ConfigValue* item = xlu_cfg_get_listitem2(list, i); ++i)
        all += describe(config, item);
    return all + "]\n";
}

} // namespace

std::string describe_by_xen(const std::string& text, const std::set<std::string>& keys) {
    static const std::unique_ptr<FILE, decltype(&std::fclose)> nowhere(std::fopen("/dev/null", "w"),
                                                                       std::fclose);
    const std::unique_ptr<XLU_Config, decltype(&xlu_cfg_destroy)> config(xlu_cfg_init(nowhere.get(), "xen"),
                                                                         xlu_cfg_destroy);
    if (xlu_cfg_readdata(config.get(), text.data(), static_cast<int>(text.size())) != 0)
        return "refused";
    std::string all;
    for (const auto& key : keys)
        all += describe(config.get(), key);
    return all;
}
