// SPDX-License-Identifier: BSD-3-Clause
// Records and intents turned into JSON by hand: one string, no tree, because every creation of a guest does
// it.
#include <charconv>
#include <cstddef>

#include "libchaos/state/contents.hpp"

namespace chaos {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

/// Length of the well-formed UTF-8 sequence that `text` starts with, or 0.
std::size_t utf8_sequence_length(std::string_view text) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80)
        return 1;
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < length)
        return 0;
    for (std::size_t at = 1; at < length; ++at) {
        if ((byte(at) & 0xc0) != 0x80)
            return 0;
    }
    // Overlong forms, surrogates, and what lies beyond U+10FFFF show in the second byte.
    const unsigned char second = byte(1);
    if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
        (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f))
        return 0;
    return length;
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = utf8_sequence_length(text);
        if (length == 0)
            return false;
        text.remove_prefix(length);
    }
    return true;
}

/// Appends JSON to one growing string. Members are written in the order of the calls.
class Writer {
  public:
    explicit Writer(std::size_t expected_size) { text_.reserve(expected_size); }

    void open(char bracket) {
        separate();
        text_ += bracket;
        first_ = true;
    }
    void close(char bracket) {
        text_ += bracket;
        first_ = false;
    }
    void key(std::string_view name) {
        separate();
        quote(name);
        text_ += ':';
        first_ = true;
    }
    void number(std::uint64_t value) {
        separate();
        char digits[20];
        const auto end = std::to_chars(digits, digits + sizeof digits, value);
        text_.append(digits, end.ptr);
    }
    /// A path or command line may be any bytes, and a guest must be made again from exactly these: what JSON
    /// cannot hold as text is written as {"hex":"…"}.
    void bytes(std::string_view value) {
        if (is_utf8(value)) {
            separate();
            quote(value);
            return;
        }
        open('{');
        key("hex");
        text_ += '"';
        for (const char character : value) {
            const auto byte = static_cast<unsigned char>(character);
            text_ += hex_digits[byte >> 4];
            text_ += hex_digits[byte & 15];
        }
        text_ += '"';
        close('}');
    }

    void member(std::string_view name, std::uint64_t value) {
        key(name);
        number(value);
    }
    void member(std::string_view name, std::string_view value) {
        key(name);
        bytes(value);
    }

    std::string finish() && {
        text_ += '\n';
        return std::move(text_);
    }

  private:
    void separate() {
        if (!first_)
            text_ += ',';
        first_ = false;
    }
    void quote(std::string_view value) {
        text_ += '"';
        std::size_t written = 0; // what needs no escape goes in one piece
        for (std::size_t at = 0; at < value.size(); ++at) {
            const auto byte = static_cast<unsigned char>(value[at]);
            if (byte >= 0x20 && byte != '"' && byte != '\\')
                continue;
            text_.append(value, written, at - written);
            written = at + 1;
            if (byte < 0x20) {
                text_ += "\\u00";
                text_ += hex_digits[byte >> 4];
                text_ += hex_digits[byte & 15];
            } else {
                text_ += '\\';
                text_ += value[at];
            }
        }
        text_.append(value, written);
        text_ += '"';
    }

    std::string text_;
    bool first_ = true;
};

/// A set of CPUs as numbers and ranges: [0,"2-5"].
void write_cpus(Writer& writer, const CpuSet& cpus) {
    writer.open('[');
    for (std::size_t first = 0; first < cpus.size(); ++first) {
        if (!cpus[first])
            continue;
        std::size_t last = first;
        while (last + 1 < cpus.size() && cpus[last + 1])
            ++last;
        if (last == first)
            writer.number(first);
        else
            writer.bytes(std::to_string(first) + '-' + std::to_string(last));
        first = last;
    }
    writer.close(']');
}

void write_affinity(Writer& writer, std::string_view name, const std::vector<CpuSet>& sets) {
    writer.key(name);
    writer.open('[');
    for (const CpuSet& cpus : sets)
        write_cpus(writer, cpus);
    writer.close(']');
}

void write_device(Writer& writer, std::string_view name, const std::optional<DeviceLocation>& device) {
    if (!device)
        return;
    writer.key(name);
    writer.open('{');
    writer.member("frame", device->frame.number);
    writer.member("port", raw(device->port));
    writer.member("grant", raw(device->grant));
    writer.close('}');
}

void write_config(Writer& writer, const GuestConfig& config) {
    writer.key("config");
    writer.open('{');
    writer.member("name", config.name);
    writer.member("type", config.type == GuestType::pvh ? "pvh" : "pv");
    writer.member("kernel", config.kernel);
    writer.member("ramdisk", config.ramdisk);
    writer.member("command_line", config.command_line);
    writer.member("memory_kib", config.memory_kib);
    writer.member("vcpus", config.vcpus);
    write_affinity(writer, "cpus", config.cpus);
    write_affinity(writer, "cpus_soft", config.cpus_soft);
    if (config.uuid)
        writer.member("uuid", config.uuid->to_string());
    writer.member("max_event_channels", config.max_event_channels);
    writer.member("max_grant_frames", config.max_grant_frames);
    writer.close('}');
}

} // namespace

std::string to_json(const Intent& intent) {
    Writer writer(160);
    writer.open('{');
    writer.member("version", 1);
    writer.member("state", "creating");
    writer.member("uuid", intent.uuid.to_string());
    writer.member("name", intent.name);
    writer.close('}');
    return std::move(writer).finish();
}

std::string to_json(const GuestRecord& record) {
    Writer writer(768);
    writer.open('{');
    writer.member("version", 1);
    writer.member("state", "created");
    writer.member("id", raw(record.id));
    writer.member("uuid", record.uuid.to_string());
    writer.member("created_unix_ms", record.created_unix_ms);
    write_config(writer, record.config);
    write_device(writer, "system", record.system);
    write_device(writer, "console", record.console);
    writer.close('}');
    return std::move(writer).finish();
}

} // namespace chaos
