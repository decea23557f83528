// SPDX-License-Identifier: BSD-3-Clause
// Written by hand: it is five lines, and every creation of a guest has one.
#include "chaos/daemon/api/response_head.hpp"

namespace chaos::daemon::api {
namespace {

std::string_view reason(unsigned status) {
    switch (status) {
    case 200:
        return "OK";
    case 201:
        return "Created";
    case 204:
        return "No Content";
    case 400:
        return "Bad Request";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 409:
        return "Conflict";
    case 413:
        return "Content Too Large";
    case 422:
        return "Unprocessable Content";
    case 431:
        return "Request Header Fields Too Large";
    case 500:
        return "Internal Server Error";
    case 501:
        return "Not Implemented";
    case 502:
        return "Bad Gateway";
    case 503:
        return "Service Unavailable";
    case 504:
        return "Gateway Timeout";
    case 505:
        return "HTTP Version Not Supported";
    case 507:
        return "Insufficient Storage";
    default:
        return "Other";
    }
}

} // namespace

std::string response_head(const Response& response, bool keep_alive, bool chunks) {
    std::string head;
    head.reserve(192 + response.body.size());
    head.append("HTTP/1.1 ")
        .append(std::to_string(response.status))
        .append(" ")
        .append(reason(response.status));
    head.append("\r\nServer: chaosd\r\n");
    if (response.events || !response.body.empty())
        head.append("Content-Type: ").append(response.content_type).append("\r\n");
    if (response.events && chunks)
        head.append("Transfer-Encoding: chunked\r\n");
    else if (!response.events && response.status != 204)
        head.append("Content-Length: ").append(std::to_string(response.body.size())).append("\r\n");
    if (!response.allow.empty())
        head.append("Allow: ").append(response.allow).append("\r\n");
    if (!keep_alive)
        head.append("Connection: close\r\n");
    else if (!chunks) // HTTP/1.0 closes if nothing is said
        head.append("Connection: keep-alive\r\n");
    return head.append("\r\n");
}

} // namespace chaos::daemon::api
