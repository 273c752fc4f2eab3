// SPDX-License-Identifier: Apache-2.0
#include "common/redis/endpoint.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <uv.h>

#include <utility>

#include "absl/strings/str_format.h"

namespace tideline::redis {
namespace {

bool IsIpAddress(const std::string& host) {
  in6_addr ignored;
  return inet_pton(AF_INET, host.c_str(), &ignored) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

// One look-up under way; owned by itself until libuv calls back.
struct Lookup {
  uv_getaddrinfo_t request;
  Address address;
  Endpoint::Found found;

  void Finish(int status, const addrinfo* result) {
    char text[INET6_ADDRSTRLEN];
    if (status == 0 && result != nullptr &&
        getnameinfo(result->ai_addr, result->ai_addrlen, text, sizeof(text), nullptr, 0,
                    NI_NUMERICHOST) == 0) {
      address.host = text;
      found(address);
    } else {
      found(absl::UnavailableError(
          absl::StrFormat("cannot resolve \"%s\": %s", address.host,
                          status == 0 ? "no address" : uv_strerror(status))));
    }
  }
};

class Fixed : public Endpoint {
 public:
  explicit Fixed(Address address) : address_(std::move(address)) {}

  void Find(Loop& loop, Found found) override {
    if (!address_.unix_path.empty() || IsIpAddress(address_.host)) {
      loop.Post([address = address_, found = std::move(found)] { found(address); });
      return;
    }
    auto* lookup = new Lookup{{}, address_, std::move(found)};
    lookup->request.data = lookup;
    addrinfo hints = {};
    hints.ai_socktype = SOCK_STREAM;
    const int status = uv_getaddrinfo(
        loop.raw(), &lookup->request,
        [](uv_getaddrinfo_t* request, int status, addrinfo* result) {
          std::unique_ptr<Lookup> lookup(static_cast<Lookup*>(request->data));
          lookup->Finish(status, result);
          uv_freeaddrinfo(result);
        },
        address_.host.c_str(), nullptr, &hints);
    if (status == 0) return;
    loop.Post(
        [lookup = std::shared_ptr<Lookup>(lookup), status] { lookup->Finish(status, nullptr); });
  }

  bool moves() const override { return false; }
  std::string description() const override { return FormatAddress(address_); }

 private:
  const Address address_;
};

}  // namespace

std::shared_ptr<Endpoint> FixedEndpoint(Address address) {
  return std::make_shared<Fixed>(std::move(address));
}

}  // namespace tideline::redis
