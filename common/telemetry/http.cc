// SPDX-License-Identifier: Apache-2.0
#include "common/telemetry/http.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <set>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/telemetry/log.h"
#include "common/telemetry/metrics.h"

namespace tideline::telemetry {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using Request = http::request<http::empty_body>;
using Response = http::response<http::string_body>;

// A host in brackets may be IPv6; names are not resolved, so that start-up never waits for DNS.
absl::StatusOr<tcp::endpoint> ParseAddress(absl::string_view text) {
  const auto bad = [&] {
    return absl::InvalidArgumentError(
        absl::StrCat("'", text, "' is not ADDRESS:PORT, such as 127.0.0.1:9464 or [::1]:9464"));
  };
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) return bad();
  int port = 0;
  if (!absl::SimpleAtoi(text.substr(colon + 1), &port) || port < 0 || port > 65535) return bad();
  absl::string_view host = text.substr(0, colon);
  if (absl::ConsumePrefix(&host, "[") && !absl::ConsumeSuffix(&host, "]")) return bad();
  if (host == "localhost") host = "127.0.0.1";
  boost::system::error_code error;
  const asio::ip::address address = asio::ip::make_address(std::string(host), error);
  if (error) return bad();
  return tcp::endpoint(address, static_cast<uint16_t>(port));
}

std::string FormatEndpoint(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return endpoint.address().is_v6() ? absl::StrCat("[", host, "]:", endpoint.port())
                                    : absl::StrCat(host, ":", endpoint.port());
}

Response Answer(const Request& request, const HttpServer::Routes& routes) {
  Response response;
  response.version(request.version());
  response.keep_alive(request.keep_alive());
  response.set(http::field::server, "tideline");
  response.set(http::field::cache_control, "no-store");
  HttpResponse answer{.status = 404, .body = "not found\n"};
  if (request.method() != http::verb::get && request.method() != http::verb::head) {
    answer = {.status = 405, .body = "GET and HEAD only\n"};
    response.set(http::field::allow, "GET, HEAD");
  } else {
    const std::string target(request.target());
    const absl::string_view path = absl::string_view(target).substr(0, target.find('?'));
    for (const auto& [route, handler] : routes) {
      if (route == path) {
        answer = handler();
        break;
      }
    }
  }
  response.result(static_cast<unsigned>(answer.status));
  response.set(http::field::content_type, answer.content_type);
  response.content_length(answer.body.size());
  if (request.method() != http::verb::head) response.body() = std::move(answer.body);
  return response;
}

}  // namespace

// One connection. Lives as long as an operation of it is under way.
class HttpServer::Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, const Routes& routes, std::set<Session*>& sessions)
      : stream_(std::move(socket)), routes_(routes), sessions_(sessions) {
    sessions_.insert(this);
  }
  ~Session() { sessions_.erase(this); }

  void Read() {
    parser_.emplace();
    parser_->header_limit(kMaxHttpHeaderBytes);
    parser_->body_limit(0);
    stream_.expires_after(std::chrono::milliseconds(absl::ToInt64Milliseconds(kHttpTimeout)));
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](beast::error_code error, size_t) {
                       if (!error) self->Write();
                     });
  }

  void Close() { stream_.close(); }

 private:
  void Write() {
    response_ = Answer(parser_->get(), routes_);
    http::async_write(stream_, response_,
                      [self = shared_from_this()](beast::error_code error, size_t) {
                        if (error || self->response_.need_eof()) {
                          beast::error_code ignored;
                          self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
                          return;
                        }
                        self->Read();
                      });
  }

  beast::tcp_stream stream_;
  const Routes& routes_;
  std::set<Session*>& sessions_;
  beast::flat_buffer buffer_{2 * kMaxHttpHeaderBytes};
  std::optional<http::request_parser<http::empty_body>> parser_;
  Response response_;
};

class HttpServer::Listener {
 public:
  explicit Listener(Routes routes) : routes_(std::move(routes)) {}
  ~Listener() {
    asio::post(context_, [this] {
      acceptor_.close();
      retry_.cancel();
      for (Session* session : std::set<Session*>(sessions_)) session->Close();
    });
    if (thread_.joinable()) thread_.join();
  }

  absl::Status Listen(const tcp::endpoint& endpoint) {
    boost::system::error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return absl::UnavailableError(
          absl::StrCat("cannot listen on ", FormatEndpoint(endpoint), ": ", error.message()));
    }
    bound_ = acceptor_.local_endpoint();
    Accept();
    thread_ = std::thread([this] { context_.run(); });
    return absl::OkStatus();
  }

  const tcp::endpoint& bound() const { return bound_; }

 private:
  void Accept() {
    acceptor_.async_accept([this](beast::error_code error, tcp::socket socket) {
      if (error == asio::error::operation_aborted || !acceptor_.is_open()) return;
      if (error) {
        // Out of descriptors, most likely: accepting at once again would spin.
        retry_.expires_after(std::chrono::milliseconds(100));
        retry_.async_wait([this](beast::error_code cancelled) {
          if (!cancelled) Accept();
        });
        return;
      }
      if (sessions_.size() < static_cast<size_t>(kMaxHttpConnections)) {
        std::make_shared<Session>(std::move(socket), routes_, sessions_)->Read();
      }
      Accept();
    });
  }

  const Routes routes_;
  std::set<Session*> sessions_;  // outlives the context, which destroys what is still waiting
  asio::io_context context_{1};
  tcp::acceptor acceptor_{context_};
  asio::steady_timer retry_{context_};
  tcp::endpoint bound_;
  std::thread thread_;
};

HttpServer::HttpServer() = default;
HttpServer::~HttpServer() = default;

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(absl::string_view address,
                                                              Routes routes) {
  absl::StatusOr<tcp::endpoint> endpoint = ParseAddress(address);
  if (!endpoint.ok()) return endpoint.status();
  auto server = std::unique_ptr<HttpServer>(new HttpServer);
  server->listener_ = std::make_unique<Listener>(std::move(routes));
  if (absl::Status status = server->listener_->Listen(*endpoint); !status.ok()) return status;
  return server;
}

int HttpServer::port() const { return listener_->bound().port(); }
std::string HttpServer::address() const { return FormatEndpoint(listener_->bound()); }

HttpServer::Routes StandardRoutes(Metrics& metrics, std::function<absl::Status()> live,
                                  std::function<absl::Status()> ready, std::string version,
                                  std::string revision) {
  const auto probe = [](const std::function<absl::Status()>& ask) -> HttpResponse {
    const absl::Status status = ask();
    if (status.ok()) return {.body = "ok\n"};
    return {.status = 503, .body = absl::StrCat(status.message(), "\n")};
  };
  std::string build = "{\"version\":";
  AppendJsonString(version, build);
  build += ",\"revision\":";
  AppendJsonString(revision, build);
  build += "}\n";
  return {
      {"/metrics",
       [&metrics]() -> HttpResponse {
         return {.content_type = "text/plain; version=0.0.4; charset=utf-8",
                 .body = metrics.Expose()};
       }},
      {"/livez", [probe, live = std::move(live)] { return probe(live); }},
      {"/readyz", [probe, ready = std::move(ready)] { return probe(ready); }},
      {"/version",
       [build = std::move(build)]() -> HttpResponse {
         return {.content_type = "application/json", .body = build};
       }},
  };
}

}  // namespace tideline::telemetry
