// SPDX-License-Identifier: Apache-2.0
#include "common/telemetry/http.h"

#include <atomic>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/telemetry/metrics.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tideline::telemetry {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Http : public ::testing::Test {
 protected:
  void Start(const std::string& address = "127.0.0.1:0") {
    auto server = HttpServer::Start(
        address, StandardRoutes(
                     metrics_, [] { return absl::OkStatus(); },
                     [this] {
                       return ready_ ? absl::OkStatus()
                                     : absl::UnavailableError("partition 3 is loading");
                     },
                     "1.2.3", "abc"));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  tcp::socket Connect() {
    tcp::socket socket(context_);
    const bool six = server_->address()[0] == '[';
    socket.connect({asio::ip::make_address(six ? "::1" : "127.0.0.1"),
                    static_cast<uint16_t>(server_->port())});
    return socket;
  }

  // Sends `text` and reads until the server closes.
  std::string Say(const std::string& text) {
    tcp::socket socket = Connect();
    boost::system::error_code error;
    asio::write(socket, asio::buffer(text), error);
    std::string answer;
    asio::read(socket, asio::dynamic_buffer(answer), error);
    return answer;
  }
  std::string Get(const std::string& path) {
    return Say(absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
  }

  std::atomic<bool> ready_{false};
  Metrics metrics_;
  asio::io_context context_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(Http, ServesMetricsAsText) {
  Start();
  metrics_.GetCounter("toy_total", "Toys.").Add(7);
  const std::string answer = Get("/metrics");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\n\r\n# HELP toy_total Toys.\n"));
  EXPECT_THAT(answer, HasSubstr("toy_total 7\n"));
}

TEST_F(Http, SaysWhyItIsNotReady) {
  Start();
  EXPECT_THAT(Get("/livez"), StartsWith("HTTP/1.1 200 OK\r\n"));
  const std::string answer = Get("/readyz");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_THAT(answer, HasSubstr("partition 3 is loading\n"));
  ready_ = true;
  EXPECT_THAT(Get("/readyz?verbose"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(Http, TellsItsVersion) {
  Start();
  EXPECT_THAT(Get("/version"), HasSubstr(R"({"version":"1.2.3","revision":"abc"})"));
}

TEST_F(Http, AnswersSeveralRequestsOfOneConnection) {
  Start();
  const std::string answer =
      Say("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
          "HEAD /version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("ok\nHTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, ::testing::EndsWith("\r\n\r\n"));  // HEAD has no body
}

TEST_F(Http, RefusesOtherPathsAndMethods) {
  Start();
  EXPECT_THAT(Get("/nothing"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(Get("/metrics/"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(Say("DELETE /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
              StartsWith("HTTP/1.1 405"));
}

TEST_F(Http, ClosesOnRequestsThatAreTooLargeOrNoHttp) {
  Start();
  EXPECT_EQ(Say(absl::StrCat("GET /livez HTTP/1.1\r\nX: ", std::string(9000, 'x'), "\r\n\r\n")),
            "");
  EXPECT_EQ(Say("POST /livez HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"), "");
  EXPECT_EQ(Say("\x16\x03\x01 not http\r\n\r\n"), "");
  EXPECT_THAT(Get("/livez"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(Http, ClosesConnectionsOverTheLimit) {
  Start();
  std::vector<tcp::socket> sockets;
  for (int i = 0; i < kMaxHttpConnections; ++i) {
    sockets.push_back(Connect());
    // An answer shows that the server has taken the connection in.
    asio::write(sockets.back(),
                asio::buffer(std::string("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")));
    char byte;
    asio::read(sockets.back(), asio::buffer(&byte, 1));
  }
  EXPECT_EQ(Get("/livez"), "");
}

TEST_F(Http, ListensOnIpVersion6) {
  boost::system::error_code error;
  tcp::acceptor probe(context_);
  probe.open(tcp::v6(), error);
  if (!error) probe.bind({asio::ip::make_address("::1"), 0}, error);
  if (error) GTEST_SKIP() << "no IPv6 loopback here: " << error.message();
  Start("[::1]:0");
  EXPECT_THAT(server_->address(), StartsWith("[::1]:"));
  EXPECT_THAT(Get("/livez"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(Http, RefusesWhatIsNoAddressAndWhatIsTaken) {
  for (const char* address : {"", "here", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", "[::1:80",
                              "example.com:80", "127.0.0.1:-1"}) {
    EXPECT_EQ(HttpServer::Start(address, {}).status().code(), absl::StatusCode::kInvalidArgument)
        << address;
  }
  Start();
  EXPECT_EQ(HttpServer::Start(server_->address(), {}).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(Http, StopsWithConnectionsOpen) {
  Start();
  tcp::socket socket = Connect();
  asio::write(socket, asio::buffer(std::string("GET /livez HTT")));
  server_.reset();
  std::string answer;
  boost::system::error_code error;
  asio::read(socket, asio::dynamic_buffer(answer), error);
  EXPECT_TRUE(error) << "the connection is closed";
}

}  // namespace
}  // namespace tideline::telemetry
