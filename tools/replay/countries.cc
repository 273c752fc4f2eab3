// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/countries.h"

#include "absl/strings/match.h"

namespace tideline::replay {
namespace {

struct Row {
  absl::string_view name;
  Country country;
};

constexpr Row kCountries[] = {
    {"Argentina", {"AR", "America/Argentina/Buenos_Aires"}},
    {"Australia", {"AU", "Australia/Sydney"}},
    {"Austria", {"AT", "Europe/Vienna"}},
    {"Belgium", {"BE", "Europe/Brussels"}},
    {"Brazil", {"BR", "America/Sao_Paulo"}},
    {"Canada", {"CA", "America/Toronto"}},
    {"Chile", {"CL", "America/Santiago"}},
    {"China", {"CN", "Asia/Shanghai"}},
    {"Czech Republic", {"CZ", "Europe/Prague"}},
    {"Denmark", {"DK", "Europe/Copenhagen"}},
    {"France", {"FR", "Europe/Paris"}},
    {"Germany", {"DE", "Europe/Berlin"}},
    {"India", {"IN", "Asia/Kolkata"}},
    {"Indonesia", {"ID", "Asia/Jakarta"}},
    {"Italy", {"IT", "Europe/Rome"}},
    {"Japan", {"JP", "Asia/Tokyo"}},
    {"Korea", {"KR", "Asia/Seoul"}},
    {"Malaysia", {"MY", "Asia/Kuala_Lumpur"}},
    {"Netherlands", {"NL", "Europe/Amsterdam"}},
    {"Peru", {"PE", "America/Lima"}},
    {"Poland", {"PL", "Europe/Warsaw"}},
    {"Romania", {"RO", "Europe/Bucharest"}},
    {"Russian Federation", {"RU", "Europe/Moscow"}},
    {"Singapore", {"SG", "Asia/Singapore"}},
    {"South Africa", {"ZA", "Africa/Johannesburg"}},
    {"Spain", {"ES", "Europe/Madrid"}},
    {"Sweden", {"SE", "Europe/Stockholm"}},
    {"Thailand", {"TH", "Asia/Bangkok"}},
    {"Turkey", {"TR", "Europe/Istanbul"}},
    {"United Kingdom", {"GB", "Europe/London"}},
    {"USA", {"US", "America/New_York"}},
};

}  // namespace

Country FindCountry(absl::string_view name) {
  for (const Row& row : kCountries) {
    if (absl::EqualsIgnoreCase(row.name, name)) return row.country;
  }
  return {"ZZ", "UTC"};
}

}  // namespace tideline::replay
