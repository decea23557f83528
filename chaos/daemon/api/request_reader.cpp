// SPDX-License-Identifier: BSD-3-Clause
// Keeps Beast's parser, whose headers are slow to compile, in one place.
#include "chaos/daemon/api/request_reader.hpp"

#include <utility> // Asio 1.74 forgets it

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "chaos/daemon/api/error_response.hpp"

namespace chaos::daemon::api {

namespace http = boost::beast::http;

namespace {

Method method_of(http::verb verb) {
    switch (verb) {
    case http::verb::get:
        return Method::get;
    case http::verb::head:
        return Method::head;
    case http::verb::post:
        return Method::post;
    case http::verb::put:
        return Method::put;
    case http::verb::delete_:
        return Method::remove;
    case http::verb::options:
        return Method::options;
    default:
        return Method::other;
    }
}

} // namespace

struct RequestReader::Parser {
    std::optional<http::request_parser<http::string_body>> http;
    boost::system::error_code failure;
    bool continued = false;

    void begin() {
        http.emplace();
        http->header_limit(largest_head);
        http->body_limit(largest_body);
        http->eager(true);
        continued = false;
    }
};

RequestReader::RequestReader() : parser_(std::make_unique<Parser>()) {
    parser_->begin();
}

RequestReader::~RequestReader() = default;

RequestReader::Progress RequestReader::take(std::string_view& bytes) {
    while (!begun_ && !bytes.empty() && (bytes.front() == '\r' || bytes.front() == '\n'))
        bytes.remove_prefix(1); // some clients end a body so
    while (!bytes.empty()) {
        begun_ = true;
        auto& http = *parser_->http;
        const std::size_t taken =
            http.put(boost::asio::const_buffer(bytes.data(), bytes.size()), parser_->failure);
        bytes.remove_prefix(std::min(taken, bytes.size()));
        if (parser_->failure == http::error::need_more) {
            parser_->failure = {};
            return Progress::needs_more;
        }
        if (parser_->failure)
            return Progress::refused;
        if (http.is_done())
            return Progress::complete;
        if (taken == 0)
            return Progress::needs_more;
    }
    return Progress::needs_more;
}

bool RequestReader::take_continue() {
    auto& http = *parser_->http;
    if (parser_->continued || !http.is_header_done() || http.is_done())
        return false;
    parser_->continued = true;
    return http.get().version() >= 11 &&
           boost::beast::iequals(http.get()[http::field::expect], "100-continue");
}

Request RequestReader::request() {
    auto& message = parser_->http->get();
    Request request;
    request.method = method_of(message.method());
    request.target.assign(message.target().data(), message.target().size());
    request.keep_alive = message.keep_alive();
    request.chunks = message.version() >= 11;
    request.body = std::move(message.body());
    parser_->begin();
    begun_ = false;
    return request;
}

Response RequestReader::refusal() const {
    const auto& failure = parser_->failure;
    if (failure == http::error::header_limit)
        return error_response(
            431, Error(ErrorKind::invalid_argument,
                       "the request's head has more than " + std::to_string(largest_head) + " bytes"));
    if (failure == http::error::body_limit || failure == http::error::buffer_overflow)
        return error_response(
            413, Error(ErrorKind::invalid_argument,
                       "the request's body has more than " + std::to_string(largest_body) + " bytes"));
    if (failure == http::error::bad_version)
        return error_response(505, Error(ErrorKind::invalid_argument, "HTTP/1.1 was expected"));
    return error_response(
        400, Error(ErrorKind::invalid_argument, "this is not a request of HTTP: " + failure.message()));
}

} // namespace chaos::daemon::api
