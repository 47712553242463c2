#include "pano/type_choice/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/strings.h"

namespace pano::type_choice {
namespace {

double Rounded(double value, double digits) { return std::round(value * digits) / digits; }

json::Value RowOf(const Candidate& c, const Work& work) {
  json::Value row = json::Object{{"type", c.type}};
  if (!c.unusable.empty()) return row;
  if (c.bits_per_weight > 0) row.Set("bits_per_weight", Rounded(c.bits_per_weight, 1e3));
  row.Set("prefill_tokens_per_second", Rounded(c.prefill, 1e2));
  row.Set("decode_tokens_per_second", Rounded(c.decode, 1e2));
  row.Set("seconds", Rounded(SecondsOf(c, work), 1e6));
  row.Set("mean_kl", Rounded(c.mean_kl, 1e7));
  row.Set("perplexity_ratio", Rounded(c.perplexity_ratio, 1e6));
  return row;
}

std::string Cell(const json::Value& row, const char* name, const char* format) {
  const json::Value* value = row.Find(name);
  if (value == nullptr) return "-";
  char text[48];
  std::snprintf(text, sizeof text, format, value->as_double());
  return text;
}

std::string Line(const json::Value& row, const std::string& reason) {
  char text[160];
  std::snprintf(text, sizeof text, "%-8s %6s %9s %8s %8s %9s %8s  ", row.Find("type")->as_string().c_str(),
                Cell(row, "bits_per_weight", "%.2f").c_str(),
                Cell(row, "prefill_tokens_per_second", "%.0f").c_str(),
                Cell(row, "decode_tokens_per_second", "%.1f").c_str(),
                Cell(row, "seconds", "%.2f").c_str(), Cell(row, "mean_kl", "%.5f").c_str(),
                Cell(row, "perplexity_ratio", "%.4f").c_str());
  return StrCat(text, reason, "\n");
}

}  // namespace

json::Value ToJson(const Measurements& m, const Choice& choice, const Work& work,
                   const Bounds& bounds) {
  json::Array rows;
  for (size_t i = 0; i < m.candidates.size(); ++i) {
    json::Value row = RowOf(m.candidates[i], work);
    row.Set("taken", choice.taken == i);
    row.Set("reason", choice.reasons[i]);
    rows.push_back(std::move(row));
  }
  json::Value limit = json::Object{{"mean_kl", bounds.mean_kl}};
  if (bounds.perplexity_ratio) limit.Set("perplexity_ratio", *bounds.perplexity_ratio);
  json::Value out =
      json::Object{{"work", json::Object{{"prompt_tokens", work.prompt_tokens},
                                         {"generated_tokens", work.generated_tokens}}},
                   {"bounds", std::move(limit)},
                   {"text_tokens", m.text_tokens},
                   {"timed_prompt_tokens", m.prompt_tokens},
                   {"rounds", m.rounds},
                   {"source", RowOf(m.source, work)},
                   {"candidates", std::move(rows)}};
  out.Set("taken", choice.taken ? json::Value(m.candidates[*choice.taken].type) : json::Value());
  if (choice.taken) {
    out.Set("times_the_source",
            Rounded(SecondsOf(m.source, work) / SecondsOf(m.candidates[*choice.taken], work), 1e3));
  }
  return out;
}

std::string FormatTable(const json::Value& value) {
  const json::Value& work = *value.Find("work");
  char head[160];
  std::snprintf(head, sizeof head, "%-8s %6s %9s %8s %8s %9s %8s\n", "type", "bits", "prefill",
                "decode", "seconds", "mean KL", "ppl");
  std::string out = head;
  const std::string source = value.Find("source")->Find("type")->as_string();
  json::Value first = *value.Find("source");
  first.Set("type", std::string("source"));
  out += Line(first, StrCat(source, ", not quantised"));
  for (const json::Value& row : value.Find("candidates")->as_array()) {
    out += Line(row, StrCat(row.Find("taken")->as_bool() ? "taken: " : "",
                            row.Find("reason")->as_string()));
  }
  out += StrCat("tokens a second of one sequence, medians of ", value.Find("rounds")->as_int(),
                " rounds in turn; seconds of ", work.Find("prompt_tokens")->as_int(), " + ",
                work.Find("generated_tokens")->as_int(), " tokens; mean KL (nats a token) and perplexity ",
                "against the source in f32, ", value.Find("text_tokens")->as_int(), " tokens\n");
  const json::Value* times = value.Find("times_the_source");
  if (times != nullptr && times->as_double() < 1) {
    out += "note: the source as it is was faster than what was taken\n";
  }
  return out;
}

}  // namespace pano::type_choice
