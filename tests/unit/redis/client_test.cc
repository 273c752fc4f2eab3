// SPDX-License-Identifier: Apache-2.0
// The client against a real server, and against listeners that behave badly.
#include "common/redis/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/redis_server.h"

namespace tideline::redis {
namespace {

using ::testing::HasSubstr;
using Kind = Reply::Kind;

// A client on a loop, seen from a test's thread.
class Rig {
 public:
  explicit Rig(const std::string& url, ClientOptions options = {.timeout = absl::Seconds(5)})
      : loop_("client") {
    signal(SIGPIPE, SIG_IGN);
    loop_.Run([&] {
      client_ = std::make_unique<Client>(loop_, FixedEndpoint(*ParseAddress(url)), options);
    });
  }
  ~Rig() { Destroy(); }

  void Destroy() {
    loop_.Run([this] { client_.reset(); });
  }

  // Sends all at once; replies in the order in which they came.
  std::vector<Reply> Ask(std::vector<std::vector<std::string>> commands) {
    std::vector<Reply> replies;
    absl::BlockingCounter open(static_cast<int>(commands.size()));
    loop_.Post([&] {
      for (auto& command : commands) {
        client_->Send(std::move(command), [&](Reply reply) {
          replies.push_back(std::move(reply));
          open.DecrementCount();
        });
      }
    });
    open.Wait();
    return replies;
  }
  Reply AskOne(std::vector<std::string> command) { return Ask({std::move(command)})[0]; }

  Loop& loop() { return loop_; }
  Client& client() { return *client_; }
  void Reset() { client_.reset(); }  // on the loop

 private:
  Loop loop_;
  std::unique_ptr<Client> client_;
};

class ClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server_ = testing::RedisServer::StartOrNull();
    if (!server_) GTEST_SKIP() << testing::RedisServer::kMissing;
  }
  std::unique_ptr<testing::RedisServer> server_;
};

TEST_F(ClientTest, EveryKindOfReplyIsCopied) {
  Rig rig(server_->url());
  const std::string binary("\0\r\n\xff", 4);
  std::vector<Reply> replies = rig.Ask({{"SET", "k", binary},
                                        {"GET", "k"},
                                        {"GET", "none"},
                                        {"INCR", "n"},
                                        {"EVAL", "return {1, {'two', {3}}, false}", "0"},
                                        {"NO-SUCH-COMMAND"},
                                        {"GET", ""}});
  ASSERT_EQ(replies.size(), 7u);
  EXPECT_EQ(replies[0].kind, Kind::kString);
  EXPECT_EQ(replies[0].text, "OK");
  EXPECT_EQ(replies[1].text, binary);
  EXPECT_EQ(replies[2].kind, Kind::kNil);
  EXPECT_EQ(replies[3].kind, Kind::kInteger);
  EXPECT_EQ(replies[3].integer, 1);
  ASSERT_EQ(replies[4].elements.size(), 3u);
  EXPECT_EQ(replies[4].elements[1].elements[0].text, "two");
  EXPECT_EQ(replies[4].elements[1].elements[1].elements[0].integer, 3);
  EXPECT_EQ(replies[4].elements[2].kind, Kind::kNil);
  EXPECT_EQ(replies[5].code(), "ERR");
  EXPECT_EQ(replies[6].kind, Kind::kNil);
}

TEST_F(ClientTest, AnswersOfTheClientItselfKeepTheirPlace) {
  Rig rig(server_->url());
  std::vector<std::string> order;
  absl::BlockingCounter open(5);
  const auto note = [&](Reply reply) {
    order.push_back(reply.text);
    open.DecrementCount();
  };
  rig.loop().Post([&] {  // no connection yet: all of it waits
    rig.client().Answer({Kind::kString, 0, "first", {}}, note);
    rig.client().Send({"ECHO", "second"}, note);
    rig.client().Answer({Kind::kString, 0, "third", {}}, note);
    rig.client().Send({"ECHO", "fourth"}, note);
    rig.client().Answer({Kind::kString, 0, "fifth", {}}, note);
  });
  open.Wait();
  EXPECT_EQ(order, (std::vector<std::string>{"first", "second", "third", "fourth", "fifth"}));
}

TEST_F(ClientTest, ATimeOutLosesAllThatIsUnderWayAndNeverMixesReplies) {
  Rig rig(server_->url(), {.timeout = absl::Milliseconds(300)});
  ASSERT_EQ(rig.AskOne({"SET", "a", "of a"}).text, "OK");
  ASSERT_EQ(rig.AskOne({"SET", "b", "of b"}).text, "OK");
  server_->Pause();
  for (const Reply& reply : rig.Ask({{"GET", "a"}, {"GET", "a"}, {"GET", "a"}})) {
    EXPECT_EQ(reply.kind, Kind::kLost);
    EXPECT_THAT(reply.text, HasSubstr("no reply within 300ms"));
  }
  server_->Resume();
  Reply reply = Reply::Lost("");
  while (reply.is_lost()) reply = rig.AskOne({"GET", "b"});
  EXPECT_EQ(reply.text, "of b");
}

TEST_F(ClientTest, WhatIsSentWithoutAConnectionWaitsForOne) {
  server_->Stop();
  Rig rig(server_->url());
  std::thread asking([&] { EXPECT_EQ(rig.AskOne({"ECHO", "waited"}).text, "waited"); });
  server_->Restart();
  asking.join();
}

TEST_F(ClientTest, WithoutAServerItIsLostAfterTheTimeOutWithTheReason) {
  server_->Stop();
  Rig rig(server_->url(), {.timeout = absl::Milliseconds(100)});
  const Reply reply = rig.AskOne({"PING"});
  EXPECT_EQ(reply.kind, Kind::kLost);
  EXPECT_THAT(reply.text, HasSubstr(server_->url()));
}

TEST_F(ClientTest, CallbacksMaySendAgainAndDestroyTheClient) {
  Rig rig(server_->url());
  absl::Notification done;
  rig.loop().Post([&] {
    rig.client().Send({"ECHO", "1"}, [&](Reply) {
      rig.client().Send({"ECHO", "2"}, [&](Reply reply) {
        EXPECT_EQ(reply.text, "2");
        rig.Reset();
        done.Notify();
      });
      rig.client().Send({"ECHO", "3"}, [](Reply) { FAIL() << "the client is gone"; });
    });
  });
  done.WaitForNotification();
}

TEST_F(ClientTest, LostCallbacksMaySendAgain) {
  Rig rig(server_->url());
  ASSERT_EQ(rig.AskOne({"PING"}).text, "PONG");
  absl::BlockingCounter open(10);
  rig.loop().Post([&] {
    rig.client().Send({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no"}, [](Reply) {});
    for (int i = 0; i < 10; ++i) {
      rig.client().Send({"BLPOP", "never", "0"}, [&, i](Reply reply) {
        EXPECT_EQ(reply.kind, Kind::kLost);
        rig.client().Send({"ECHO", absl::StrCat(i)}, [&, i](Reply reply) {
          EXPECT_EQ(reply.text, absl::StrCat(i));
          open.DecrementCount();
        });
      });
    }
  });
  open.Wait();
}

TEST_F(ClientTest, DestroyedWithCommandsUnderWayItCallsNobody) {
  Rig rig(server_->url());
  ASSERT_EQ(rig.AskOne({"PING"}).text, "PONG");
  rig.loop().Run([&] {
    for (int i = 0; i < 10; ++i) rig.client().Send({"PING"}, [](Reply) { FAIL(); });
    rig.client().Answer({}, [](Reply) { FAIL(); });
    rig.client().Reconnect("test");
    rig.Reset();
  });
}

TEST_F(ClientTest, AskedToReconnectItGoesOn) {
  Rig rig(server_->url());
  ASSERT_EQ(rig.AskOne({"PING"}).text, "PONG");
  const int64_t before = rig.AskOne({"CLIENT", "ID"}).integer;
  rig.loop().Run([&] { rig.client().Reconnect("test"); });
  Reply reply = Reply::Lost("");
  while (reply.is_lost()) reply = rig.AskOne({"CLIENT", "ID"});
  EXPECT_NE(reply.integer, before);
}

TEST_F(ClientTest, BigCommandsAndRepliesPass) {
  Rig rig(server_->url());
  const std::string big(20'000'000, 'x');
  EXPECT_EQ(rig.AskOne({"SET", "big", big}).text, "OK");
  EXPECT_EQ(rig.AskOne({"GET", "big"}).text, big);
}

// A listener on loopback that accepts, says something, and hangs up or not.
class BadServer {
 public:
  enum class Then { kReset, kClose, kStay };
  BadServer(std::string says, Then then) : says_(std::move(says)), then_(then) {
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    bind(fd_, reinterpret_cast<sockaddr*>(&address), size);
    listen(fd_, 16);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~BadServer() {
    shutdown(fd_, SHUT_RDWR);
    thread_.join();
    close(fd_);
    for (int fd : open_) close(fd);
  }
  std::string url() const { return absl::StrCat("redis://127.0.0.1:", port_); }

 private:
  void Serve() {
    for (;;) {
      const int fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      send(fd, says_.data(), says_.size(), MSG_NOSIGNAL);
      if (then_ == Then::kStay) {
        open_.push_back(fd);
        continue;
      }
      const linger reset = {then_ == Then::kReset, 0};
      setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
      close(fd);
    }
  }

  const std::string says_;
  const Then then_;
  int fd_;
  int port_;
  std::thread thread_;
  std::vector<int> open_;
};

TEST(BadServerTest, ServersThatMisbehaveAreLostAndNeverCrash) {
  for (const auto& [says, then] : std::initializer_list<std::pair<const char*, BadServer::Then>>{
           {"", BadServer::Then::kReset},
           {"", BadServer::Then::kClose},
           {"", BadServer::Then::kStay},
           {"HTTP/1.1 400 Bad Request\r\n", BadServer::Then::kStay},
           {"-ERR max number of clients reached\r\n", BadServer::Then::kClose},
           {"+OK POP3 ready\r\n", BadServer::Then::kStay},
           {"*1000000\r\n", BadServer::Then::kReset},
           {"$-5\r\n", BadServer::Then::kStay},
       }) {
    SCOPED_TRACE(says);
    BadServer server(says, then);
    Rig rig(server.url(), {.timeout = absl::Milliseconds(200)});
    for (int i = 0; i < 3; ++i) {
      for (const Reply& reply : rig.Ask({{"PING"}, {"PING"}})) EXPECT_NE(reply.text, "PONG");
    }
  }
}

TEST(BadServerTest, ARefusedConnectionIsTroubleWithTheReason) {
  std::string url;
  {
    BadServer gone("", BadServer::Then::kClose);
    url = gone.url();
  }
  Rig rig(url, {.timeout = absl::Milliseconds(200)});
  const Reply reply = rig.AskOne({"PING"});
  EXPECT_EQ(reply.kind, Kind::kLost);
  EXPECT_THAT(reply.text, HasSubstr("Connection refused"));
}

}  // namespace
}  // namespace tideline::redis
