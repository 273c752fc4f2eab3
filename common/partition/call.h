// SPDX-License-Identifier: Apache-2.0
// What a Core is told about the step it runs. Everything a Core may know of the outside world is
// here, so that the same steps give the same bytes.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tideline/type/v1/event.pb.h"
#include "tideline/type/v1/options.pb.h"

namespace tideline::partition {

// A set of roles.
class Roles {
 public:
  constexpr Roles() = default;
  static constexpr Roles All() { return Roles(~uint32_t{0}); }
  void Add(type::v1::Role role) { bits_ |= Bit(role); }
  bool Has(type::v1::Role role) const { return (bits_ & Bit(role)) != 0; }
  bool Intersects(Roles other) const { return (bits_ & other.bits_) != 0; }
  uint32_t bits() const { return bits_; }

 private:
  constexpr explicit Roles(uint32_t bits) : bits_(bits) {}
  static uint32_t Bit(type::v1::Role role) { return uint32_t{1} << static_cast<int>(role); }
  uint32_t bits_ = 0;
};

// What a Member record grants a subject in a workspace.
struct Grant {
  Roles roles;
  std::string organization;  // full name; empty: not confined to one organization
  std::string expert;        // full name of the expert the subject acts as; empty: none
};

// 128 bits of chance, drawn by the host for a call and derived from the cause for Follow and Wake.
struct Entropy {
  uint64_t high = 0;
  uint64_t low = 0;
};

// A resource id made from entropy: a letter and 25 characters of base 32. `index` tells ids of one
// step apart.
std::string MakeId(const Entropy& entropy, uint32_t index = 0);

// One step's circumstances.
struct Call {
  std::string workspace;  // "workspaces/{workspace}"; empty in Wake and TakenOver
  type::v1::Actor actor;
  Grant grant;
  absl::Time now;         // the partition's time: never goes back
  type::v1::Cause cause;  // goes into the events
  Entropy entropy;
};

}  // namespace tideline::partition
