// SPDX-License-Identifier: Apache-2.0
// The bounds of a page, wherever resources are listed: the Cores keep them, the seam holds
// everybody to them, the command line asks for no more. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

namespace tideline {

// A page ends at 1,000 elements or 1 MiB, whichever comes first: what one answer may carry, and a
// step's millisecond.
inline constexpr int kDefaultPageSize = 50;
inline constexpr int kMaxPageSize = 1000;
inline constexpr size_t kMaxPageBytes = 1 << 20;
// ... and after having looked at so many resources that a filter passed over; the next page goes
// on.
inline constexpr int kMaxLookedAt = 4000;

// Elements that a request for `asked` gets: 0 and below mean the default.
inline constexpr int PageSize(int32_t asked) {
  return asked <= 0 ? kDefaultPageSize : std::min<int>(asked, kMaxPageSize);
}

// How full the page is that a list is writing.
class Page {
 public:
  // `asked` as the request has it.
  explicit Page(int32_t asked) : most_(PageSize(asked)) {}

  // Whether another resource may be looked at.
  bool Open() const {
    return count_ < most_ && bytes_ < kMaxPageBytes && looked_at_ < kMaxLookedAt;
  }
  void LookAt() { ++looked_at_; }
  // An element of so many bytes was taken.
  void Take(size_t bytes) {
    ++count_;
    bytes_ += bytes;
  }

 private:
  int most_;
  int count_ = 0;
  int looked_at_ = 0;
  size_t bytes_ = 0;
};

// Fills a page from a map by name, after the name that the request's token is. `add` takes a value
// and returns its bytes. Returns the token of the next page; empty: this is the last.
template <class Map, class Request, class Add>
std::string FillPage(const Map& map, const Request& request, const Add& add) {
  auto it = request.page_token().empty() ? map.begin() : map.upper_bound(request.page_token());
  std::string last;
  for (Page page(request.page_size()); it != map.end() && page.Open(); ++it) {
    page.Take(add(it->second));
    last = it->first;
  }
  return it == map.end() ? std::string() : last;
}

}  // namespace tideline
