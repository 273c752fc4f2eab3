// SPDX-License-Identifier: Apache-2.0
#include "services/review/core/quality.h"

#include <algorithm>
#include <cmath>

#include "common/statistics/agreement.h"
#include "common/statistics/interval.h"

namespace tideline::review {
namespace {

using core::v1::StoredQuality;
using statistics::Interval;

// Judged first results below which nothing is said of a person.
constexpr int64_t kFewestCases = 20;
// What is expected of a person: that so many of their first results pass.
constexpr double kExpectedYield = 0.9;
// Verdicts from 0 up, by how far they are from approval.
constexpr int kVerdicts = 3;

struct Weighed {
  int minor = 0, major = 0, critical = 0;
  int weight() const {
    return minor * WeightOf(v1::SEVERITY_MINOR) + major * WeightOf(v1::SEVERITY_MAJOR) +
           critical * WeightOf(v1::SEVERITY_CRITICAL);
  }
};

Weighed WeighedOf(const v1::Opinion& opinion) {
  Weighed all;
  for (const v1::Finding& finding : opinion.findings()) {
    all.minor += finding.severity() == v1::SEVERITY_MINOR;
    all.major += finding.severity() == v1::SEVERITY_MAJOR;
    all.critical += finding.severity() == v1::SEVERITY_CRITICAL;
  }
  return all;
}

bool Given(const v1::Opinion& opinion) { return opinion.state() == v1::Opinion::STATE_GIVEN; }

// Several people find the same defects: those of who decided count, else of who found most.
Weighed FindingsOf(const v1::Review& review) {
  Weighed most;
  for (const v1::Opinion& opinion : review.opinions()) {
    if (!Given(opinion)) continue;
    const Weighed one = WeighedOf(opinion);
    const bool decides = opinion.kind() == v1::Opinion::KIND_ARBITRATION ||
                         opinion.kind() == v1::Opinion::KIND_APPEAL ||
                         opinion.kind() == v1::Opinion::KIND_ESCALATION;
    if (decides || one.weight() > most.weight()) most = one;
  }
  return most;
}

std::optional<std::pair<const v1::Opinion*, const v1::Opinion*>> PairOf(const v1::Review& review) {
  const v1::Opinion* first = nullptr;
  const v1::Opinion* second = nullptr;
  for (const v1::Opinion& opinion : review.opinions()) {
    if (!Given(opinion) || opinion.stage() != 0) continue;
    if (opinion.kind() == v1::Opinion::KIND_FIRST) first = &opinion;
    if (opinion.kind() == v1::Opinion::KIND_SECOND) second = &opinion;
  }
  if (first == nullptr || second == nullptr) return std::nullopt;
  return std::pair(first, second);
}

int CategoryOf(v1::Verdict verdict) { return static_cast<int>(verdict) - v1::VERDICT_APPROVED; }

v1::Figure FigureOf(int64_t cases, std::optional<double> value, std::optional<Interval> interval) {
  v1::Figure figure;
  figure.set_cases(cases);
  if (value.has_value()) figure.set_value(*value);
  if (interval.has_value()) {
    figure.set_low(interval->low);
    figure.set_high(interval->high);
  }
  return figure;
}

// Weight per judged result, with the interval of a mean.
v1::Figure MeanOf(const StoredQuality& counts) {
  if (counts.judged() == 0) return FigureOf(0, std::nullopt, std::nullopt);
  const double n = static_cast<double>(counts.judged());
  const double mean = static_cast<double>(counts.weight()) / n;
  if (counts.judged() == 1) return FigureOf(1, mean, std::nullopt);
  const double squares = static_cast<double>(counts.weight_squares()) - n * mean * mean;
  const double reach = statistics::NormalQuantile(statistics::kConfidence) *
                       std::sqrt(std::max(0.0, squares) / (n - 1) / n);
  return FigureOf(counts.judged(), mean, Interval{std::max(0.0, mean - reach), mean + reach});
}

}  // namespace

int WeightOf(v1::Severity severity) {
  switch (severity) {
    case v1::SEVERITY_MINOR:
      return 1;
    case v1::SEVERITY_MAJOR:
      return 3;
    case v1::SEVERITY_CRITICAL:
      return 9;
    default:
      return 0;
  }
}

int64_t DayOf(absl::Time time) {
  constexpr int64_t kDay = 86400;
  const int64_t seconds = absl::ToUnixSeconds(time);
  return seconds >= 0 ? seconds / kDay : (seconds - kDay + 1) / kDay;
}

std::optional<StoredQuality> ContributionOf(const v1::Review& review, bool escaped) {
  // This very content was counted when it was approved first.
  if (review.basis() == v1::Review::BASIS_APPROVED_BEFORE) return std::nullopt;
  const bool upheld = review.appeal().upheld();
  const bool approved = review.state() == v1::Review::STATE_APPROVED ||
                        review.state() == v1::Review::STATE_PROVISIONAL || upheld;
  if (!approved && review.state() != v1::Review::STATE_RETURNED) return std::nullopt;
  StoredQuality one;
  const bool judged = std::any_of(review.opinions().begin(), review.opinions().end(), Given);
  if (judged) {
    const Weighed found = FindingsOf(review);
    one.set_judged(1);
    one.set_returned(!approved);
    one.set_first(review.round() == 1);
    one.set_first_passed(review.round() == 1 && approved);
    one.set_minor(found.minor);
    one.set_major(found.major);
    one.set_critical(found.critical);
    one.set_weight(found.weight());
    one.set_weight_squares(int64_t{found.weight()} * found.weight());
  }
  one.set_approved(approved);
  one.set_escaped(approved && escaped);
  if (!approved) return one;
  for (const v1::Opinion& opinion : review.opinions()) {
    if (Given(opinion) && opinion.verdict() == v1::VERDICT_APPROVED) {
      one.add_approvers(opinion.reviewer());
    }
  }
  return one;
}

void Add(const StoredQuality& from, int sign, StoredQuality& to) {
  to.set_first(to.first() + sign * from.first());
  to.set_first_passed(to.first_passed() + sign * from.first_passed());
  to.set_judged(to.judged() + sign * from.judged());
  to.set_returned(to.returned() + sign * from.returned());
  to.set_minor(to.minor() + sign * from.minor());
  to.set_major(to.major() + sign * from.major());
  to.set_critical(to.critical() + sign * from.critical());
  to.set_weight(to.weight() + sign * from.weight());
  to.set_weight_squares(to.weight_squares() + sign * from.weight_squares());
  to.set_approved(to.approved() + sign * from.approved());
  to.set_escaped(to.escaped() + sign * from.escaped());
  to.set_gave(to.gave() + sign * from.gave());
  to.set_missed(to.missed() + sign * from.missed());
}

v1::Share ShareOf(int64_t count, int64_t of) {
  v1::Share share;
  share.set_count(count);
  share.set_of(of);
  const std::optional<Interval> interval = statistics::Wilson(count, of);
  if (!interval.has_value()) return share;
  share.set_value(static_cast<double>(count) / static_cast<double>(of));
  share.set_low(interval->low);
  share.set_high(interval->high);
  return share;
}

v1::Quality FiguresOf(const StoredQuality& counts) {
  v1::Quality quality;
  quality.set_subject(counts.subject());
  *quality.mutable_first_pass_yield() = ShareOf(counts.first_passed(), counts.first());
  *quality.mutable_returned() = ShareOf(counts.returned(), counts.judged());
  *quality.mutable_weighted_defects() = MeanOf(counts);
  quality.set_minor_findings(counts.minor());
  quality.set_major_findings(counts.major());
  quality.set_critical_findings(counts.critical());
  *quality.mutable_escaped() = ShareOf(counts.escaped(), counts.approved());
  *quality.mutable_missed() = ShareOf(counts.missed(), counts.gave());
  return quality;
}

v1::ProposeSkillEvidenceResponse::Bearing BearingOf(const v1::Quality& quality) {
  using Response = v1::ProposeSkillEvidenceResponse;
  const v1::Share& yield = quality.first_pass_yield();
  if (yield.of() < kFewestCases) return Response::BEARING_TOO_FEW;
  if (yield.low() > kExpectedYield) return Response::BEARING_SUPPORTS;
  if (yield.high() < kExpectedYield) return Response::BEARING_QUESTIONS;
  return Response::BEARING_NEUTRAL;
}

bool JudgedTwice(const v1::Review& review) { return PairOf(review).has_value(); }

v1::GetAgreementResponse AgreementOf(const std::vector<const v1::Review*>& reviews, uint64_t seed) {
  using statistics::Weighting;
  std::vector<statistics::RatedPair> pairs;
  std::vector<std::vector<int>> counts;
  std::vector<statistics::Unit> verdicts, scores;
  int64_t agreed = 0;
  for (const v1::Review* review : reviews) {
    const auto pair = PairOf(*review);
    if (!pair.has_value()) continue;
    const int a = CategoryOf(pair->first->verdict()), b = CategoryOf(pair->second->verdict());
    agreed += a == b;
    pairs.emplace_back(a, b);
    std::vector<int>& row = counts.emplace_back(kVerdicts);
    ++row[static_cast<size_t>(a)];
    ++row[static_cast<size_t>(b)];
    verdicts.push_back({static_cast<double>(a), static_cast<double>(b)});
    if (pair->first->scores().empty() || pair->second->scores().empty()) continue;
    scores.push_back({static_cast<double>(pair->first->score_percent()),
                      static_cast<double>(pair->second->score_percent())});
  }
  const int64_t n = static_cast<int64_t>(pairs.size());
  const statistics::BootstrapOptions options{.seed = seed};
  const auto kappa = [&](Weighting weighting) {
    return FigureOf(n, statistics::CohenKappa(pairs, kVerdicts, weighting),
                    statistics::CohenKappaInterval(pairs, kVerdicts, weighting, options));
  };
  const auto alpha = [&](const std::vector<statistics::Unit>& units, statistics::Metric metric) {
    return FigureOf(static_cast<int64_t>(units.size()),
                    statistics::KrippendorffAlpha(units, metric),
                    statistics::KrippendorffAlphaInterval(units, metric, options));
  };
  v1::GetAgreementResponse response;
  *response.mutable_agreed() = ShareOf(agreed, n);
  *response.mutable_kappa() = kappa(Weighting::kUnweighted);
  *response.mutable_kappa_linear() = kappa(Weighting::kLinear);
  *response.mutable_kappa_quadratic() = kappa(Weighting::kQuadratic);
  *response.mutable_fleiss_kappa() = FigureOf(n, statistics::FleissKappa(counts),
                                              statistics::FleissKappaInterval(counts, options));
  *response.mutable_alpha_verdict() = alpha(verdicts, statistics::Metric::kNominal);
  *response.mutable_alpha_score() = alpha(scores, statistics::Metric::kInterval);
  return response;
}

}  // namespace tideline::review
