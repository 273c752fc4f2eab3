// SPDX-License-Identifier: Apache-2.0
#include "common/redis/address.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tideline::redis {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct GoodCase {
  const char* url;
  const char* unix_path;
  const char* host;
  int port;
  const char* user;
  const char* password;
  const char* formatted;
};

TEST(Address, ParsesAndFormatsWithoutThePassword) {
  for (const GoodCase& c : {
           GoodCase{"unix:///run/redis.sock", "/run/redis.sock", "", 6379, "", "",
                    "unix:///run/redis.sock"},
           {"redis://10.0.0.5", "", "10.0.0.5", 6379, "", "", "redis://10.0.0.5:6379"},
           {"redis://10.0.0.5:1/", "", "10.0.0.5", 1, "", "", "redis://10.0.0.5:1"},
           {"redis://10.0.0.5:65535/0", "", "10.0.0.5", 65535, "", "", "redis://10.0.0.5:65535"},
           {"redis://[::1]", "", "::1", 6379, "", "", "redis://[::1]:6379"},
           {"redis://[::1]:7000", "", "::1", 7000, "", "", "redis://[::1]:7000"},
           {"redis://redis.prod.svc", "", "redis.prod.svc", 6379, "", "",
            "redis://redis.prod.svc:6379"},
           {"redis://u:p@h:1", "", "h", 1, "u", "p", "redis://u@h:1"},
           {"redis://:p@h", "", "h", 6379, "", "p", "redis://h:6379"},
           {"redis://u%40x:p%3a%2F%25@h", "", "h", 6379, "u@x", "p:/%", "redis://u@x@h:6379"},
       }) {
    auto address = ParseAddress(c.url);
    ASSERT_TRUE(address.ok()) << c.url << ": " << address.status();
    EXPECT_EQ(address->unix_path, c.unix_path) << c.url;
    EXPECT_EQ(address->host, c.host) << c.url;
    EXPECT_EQ(address->port, c.port) << c.url;
    EXPECT_EQ(address->user, c.user) << c.url;
    EXPECT_EQ(address->password, c.password) << c.url;
    EXPECT_EQ(FormatAddress(*address), c.formatted);
  }
}

TEST(Address, SaysWhatIsWrongAndNeverShowsThePassword) {
  const std::string long_path(107, 'x');
  for (const auto& [url, why] : std::initializer_list<std::pair<std::string, std::string>>{
           {"", "unknown scheme"},
           {"localhost:6379", "unknown scheme"},
           {"http://h", "unknown scheme"},
           {"redis://", "no host"},
           {"redis://:secret@", "no host"},
           {"redis://h:", "the port"},
           {"redis://h:0", "the port"},
           {"redis://h:65536", "the port"},
           {"redis://u:secret@h:x", "the port"},
           {"redis://h:1:2", "the port"},
           {"redis://[::1", "without ']'"},
           {"redis://[::1]x", "after ']'"},
           {"redis://u@h", "without a password"},
           {"redis://u:secret%4@h", "malformed %"},
           {"redis://u:secret%zz@h", "malformed %"},
           {"redis://h/1", "only database 0"},
           {"unix://relative", "begins with '/'"},
           {"unix://", "begins with '/'"},
           {"unix:///" + long_path, "the limit is 107"},
       }) {
    const absl::Status status = ParseAddress(url).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << url;
    EXPECT_THAT(status.message(), HasSubstr(why)) << url;
    EXPECT_THAT(status.message(), Not(HasSubstr("secret"))) << url;
  }
  EXPECT_TRUE(ParseAddress("unix:///" + long_path.substr(1)).ok());
}

TEST(Address, TlsIsRefusedAndTheWayOutIsNamed) {
  const absl::Status status = ParseAddress("rediss://u:secret@h").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(status.message(), HasSubstr("stunnel"));
  EXPECT_THAT(status.message(), Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace tideline::redis
