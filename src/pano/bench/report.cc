#include "pano/bench/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

namespace pano::bench {
namespace {

using kernels::MachineLimits;

double Rounded(double value) { return std::round(value * 1e4) / 1e4; }

json::Value LimitsJson(const MachineLimits& limits) {
  json::Value out =
      json::Object{{"read_gb_s", Rounded(limits.read_bytes_per_second / 1e9)},
                      {"f32_gflop_s", Rounded(limits.f32_flop_per_second / 1e9)},
                      {"int8_gop_s", Rounded(limits.int8_op_per_second / 1e9)}};
  if (limits.tile_int8_op_per_second > 0) {
    out.Set("tile_int8_gop_s", Rounded(limits.tile_int8_op_per_second / 1e9));
    out.Set("tile_bf16_gflop_s", Rounded(limits.tile_bf16_flop_per_second / 1e9));
  }
  return out;
}

double Distance(double a, double b) {
  const double more = std::max(a, b);
  return more > 0 ? Rounded((more - std::min(a, b)) / more) : 0;
}

json::Value PairJson(const LimitsPair& pair) {
  json::Value out = LimitsJson(pair.Best());
  const MachineLimits &a = pair.before, &b = pair.after;
  out.Set("spread",
          json::Object{{"read", Distance(a.read_bytes_per_second, b.read_bytes_per_second)},
                       {"f32", Distance(a.f32_flop_per_second, b.f32_flop_per_second)},
                       {"int8", Distance(a.int8_op_per_second, b.int8_op_per_second)}});
  return out;
}

void SetRate(json::Value& row, const std::string& name, const Rate& rate) {
  row.Set(name, Rounded(rate.median));
  row.Set(name + "_min", Rounded(rate.min));
  row.Set(name + "_max", Rounded(rate.max));
}

json::Value WorkJson(const ModelWork& work) {
  return json::Object{{"parameters", work.parameters},
                      {"bytes", work.weight_bytes},
                      {"bytes_per_token", std::round(work.weight_bytes_per_token)},
                      {"matrix_gop_per_token", Rounded(work.matrix_ops_per_token / 1e9)}};
}

// Shares of the arithmetic peaks.
void SetPeakShares(json::Value& row, const ModelWork& work, double tokens_per_second,
                   const MachineLimits& limits) {
  row.Set("int8_peak_share", Rounded(Int8PeakShare(work, tokens_per_second, limits)));
  row.Set("f32_peak_share", Rounded(F32PeakShare(work, tokens_per_second, limits)));
  if (limits.tile_int8_op_per_second > 0) {
    row.Set("tile_int8_peak_share", Rounded(TileInt8PeakShare(work, tokens_per_second, limits)));
    row.Set("tile_bf16_peak_share", Rounded(TileBF16PeakShare(work, tokens_per_second, limits)));
  }
}

void SetDecoder(const BenchReport& report, const MachineLimits& limits, json::Value& out) {
  const PrefillRow& prefill = report.decoder->prefill;
  json::Value row = json::Object{{"tokens", prefill.tokens}};
  SetRate(row, "tok_s", prefill.tokens_per_second);
  if (report.work) {
    SetPeakShares(row, *report.work, prefill.tokens_per_second.median, limits);
  }
  out.Set("prefill", json::Array{std::move(row)});
  json::Array decode;
  for (const DecodeRow& each : report.decoder->decode) {
    json::Value entry = json::Object{{"batch", static_cast<int64_t>(each.batch)},
                                     {"prompt_tokens", each.prompt},
                                     {"gen_tokens", each.generated}};
    if (each.piece > 0) entry.Set("piece_tokens", each.piece);
    SetRate(entry, "tok_s", each.tokens_per_second);
    if (report.work && each.batch == 1) {
      entry.Set("bandwidth_share",
                Rounded(BandwidthShare(*report.work, each.tokens_per_second.median, limits)));
    }
    decode.push_back(std::move(entry));
  }
  out.Set("decode", std::move(decode));
}

json::Value EncoderJson(const BenchReport& report, const MachineLimits& limits) {
  json::Array rows;
  for (const EncoderRow& each : report.encoder) {
    json::Value row =
        json::Object{{"batch", static_cast<int64_t>(each.batch)}, {"tokens", each.tokens}};
    SetRate(row, "seq_s", each.sequences_per_second);
    if (report.work) {
      const double rate = each.sequences_per_second.median * static_cast<double>(each.tokens);
      SetPeakShares(row, *report.work, rate, limits);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

json::Value AdaptersJson(const std::vector<AdapterRow>& adapters) {
  json::Array rows;
  for (const AdapterRow& each : adapters) {
    json::Value row = json::Object{{"batch", static_cast<int64_t>(each.batch)},
                                   {"adapters", static_cast<int64_t>(each.adapters)},
                                   {"rank", each.rank},
                                   {"adapter_mb", Rounded(each.megabytes)}};
    SetRate(row, "base_tok_s", each.base);
    SetRate(row, "tok_s", each.adapted);
    row.Set("slower", Rounded(each.slower));
    rows.push_back(std::move(row));
  }
  return rows;
}

double Number(const json::Value& row, std::string_view key) {
  const json::Value* value = row.Find(key);
  return value && value->is_number() ? value->as_double() : 0;
}

template <typename... Arguments>
void Line(std::string& out, const char* format, Arguments... arguments) {
  char line[256];
  std::snprintf(line, sizeof line, format, arguments...);
  out += line;
}

void AddShares(std::string& out, const json::Value& row) {
  for (const auto& [key, of] : {std::pair{"int8_peak_share", "the int8 peak"},
                                {"f32_peak_share", "the f32 peak"},
                                {"tile_int8_peak_share", "the int8 peak of tiles"},
                                {"tile_bf16_peak_share", "the BF16 peak of tiles"},
                                {"bandwidth_share", "read bandwidth"}}) {
    if (row.Find(key)) Line(out, ", %.0f %% of %s", 100 * Number(row, key), of);
  }
  out += "\n";
}

void AddRows(std::string& out, const json::Value& report, const char* name, const char* size,
             const char* rate, const char* unit) {
  const json::Value* rows = report.Find(name);
  if (!rows) return;
  const std::string least = std::string(rate) + "_min", most = std::string(rate) + "_max";
  for (const json::Value& row : rows->as_array()) {
    Line(out, "%-8s %s %4.0f  %10.1f %s (%.1f to %.1f)", name, size, Number(row, size),
         Number(row, rate), unit, Number(row, least), Number(row, most));
    AddShares(out, row);
  }
}

void AddLimits(std::string& out, const json::Value& limits) {
  Line(out, "%.1f GB/s read, %.0f GFLOP/s f32, %.0f GOP/s int8", Number(limits, "read_gb_s"),
       Number(limits, "f32_gflop_s"), Number(limits, "int8_gop_s"));
  if (limits.Find("tile_int8_gop_s")) {
    Line(out, "; in tiles %.0f GOP/s int8, %.0f GFLOP/s BF16", Number(limits, "tile_int8_gop_s"),
         Number(limits, "tile_bf16_gflop_s"));
  }
  out += "\n";
}

}  // namespace

MachineLimits LimitsPair::Best() const {
  MachineLimits best = before;
  best.read_bytes_per_second = std::max(before.read_bytes_per_second, after.read_bytes_per_second);
  best.f32_flop_per_second = std::max(before.f32_flop_per_second, after.f32_flop_per_second);
  best.int8_op_per_second = std::max(before.int8_op_per_second, after.int8_op_per_second);
  best.tile_int8_op_per_second =
      std::max(before.tile_int8_op_per_second, after.tile_int8_op_per_second);
  best.tile_bf16_flop_per_second =
      std::max(before.tile_bf16_flop_per_second, after.tile_bf16_flop_per_second);
  best.read_bytes_per_second = std::max(best.read_bytes_per_second, read_between);
  return best;
}

json::Value ToJson(const BenchReport& report) {
  const MachineLimits limits = report.limits.Best();
  json::Value out = json::Object{{"model", report.model},
                                 {"cpu", report.cpu},
                                 {"isa", report.isa},
                                 {"threads", report.threads}};
  if (report.work) out.Set("weights", WorkJson(*report.work));
  out.Set("limits", PairJson(report.limits));
  if (report.decoder) SetDecoder(report, limits, out);
  if (!report.encoder.empty()) out.Set("encode", EncoderJson(report, limits));
  if (!report.adapters.empty()) out.Set("adapters", AdaptersJson(report.adapters));
  return out;
}

json::Value LimitsToJson(const std::vector<MachineLimits>& by_threads, std::string cpu,
                         std::string isa) {
  json::Value limits = LimitsJson(by_threads.back());
  json::Array rows;
  for (const MachineLimits& each : by_threads) {
    json::Value row = LimitsJson(each);
    row.Set("threads", each.threads);
    rows.push_back(std::move(row));
  }
  limits.Set("by_threads", std::move(rows));
  return json::Object{{"cpu", std::move(cpu)},
                      {"isa", std::move(isa)},
                      {"threads", by_threads.back().threads},
                      {"limits", std::move(limits)}};
}

std::string FormatReport(const json::Value& report) {
  std::string out;
  Line(out, "%s, %s, %.0f threads\n", report.Find("cpu")->as_string().c_str(),
       report.Find("isa")->as_string().c_str(), Number(report, "threads"));
  const json::Value& limits = *report.Find("limits");
  if (const json::Value* rows = limits.Find("by_threads")) {
    for (const json::Value& row : rows->as_array()) {
      Line(out, "limits   threads %4.0f  ", Number(row, "threads"));
      AddLimits(out, row);
    }
    return out;
  }
  out += "limits   ";
  AddLimits(out, limits);
  AddRows(out, report, "prefill", "tokens", "tok_s", "tokens/s");
  AddRows(out, report, "decode", "batch", "tok_s", "tokens/s");
  AddRows(out, report, "encode", "batch", "seq_s", "sequences/s");
  if (const json::Value* rows = report.Find("adapters")) {
    for (const json::Value& row : rows->as_array()) {
      Line(out, "adapters batch %4.0f  %10.1f tokens/s with %.0f adapters of rank %.0f (%.1f MB each), ",
           Number(row, "batch"), Number(row, "tok_s"), Number(row, "adapters"),
           Number(row, "rank"), Number(row, "adapter_mb"));
      Line(out, "%.1f without: %.1f %% slower\n", Number(row, "base_tok_s"),
           100 * Number(row, "slower"));
    }
  }
  return out;
}

}  // namespace pano::bench
