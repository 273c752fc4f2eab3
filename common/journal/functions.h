// SPDX-License-Identifier: Apache-2.0
// The library of Redis Functions, functions.lua, as it was at build time.
#pragma once

namespace tideline::journal {

// VERSION of functions.lua; a test holds the two together.
inline constexpr int kFunctionsVersion = 1;

// The source, with %DIGEST% where its digest belongs.
extern const char kFunctions[];

}  // namespace tideline::journal
