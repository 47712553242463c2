#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace pano::sim {

// What one step computes. A value.
struct StepWork {
  int64_t prefill_tokens = 0;  // of inputs
  int64_t decode_rows = 0;     // tokens that were drawn before, one of each sequence
  int64_t sampled_rows = 0;    // rows of which a token is drawn
  int64_t sequences = 0;       // of which it computes something
  double pairs = 0;            // queries times the positions that each sees
  double decode_pairs = 0;     // of these, those of decode_rows
  double kv_tokens = 0;        // positions whose keys and values are read, once a sequence
};

// A step as a line in its tokens.
struct LinearTime {
  double base_s = 0;
  double prefill_s_per_token = 0;
  double decode_s_per_sequence = 0;
};

// The rate that products with `rows` rows reach: kernels do better with more of them. A value.
struct RateOfRows {
  double rows = 1;
  double flops_s = 1;
};

// A step on a roofline (Williams, Waterman and Patterson, 2009): products take what their operations take or what
// reading the weights takes, whichever is longer, attention likewise with keys and values; both in turn, and a
// fixed time beside them. A value.
struct RooflineTime {
  // The model.
  double weight_bytes = 0;         // read in each step
  double flops_per_token = 0;      // in products with them, without the output head
  double flops_per_sample = 0;     // of the output head
  double flops_per_pair = 0;       // in attention, of a query and a position
  double kv_bytes_per_token = 0;
  // The machine, as it was measured.
  double step_s = 0;               // beside all else
  double flops_s = 1;              // of products with many rows
  double bytes_s = 1;
  double attention_flops_s = 1;
  double decode_attention_flops_s = 0;  // the same of rows that decode, which share no reading; 0: as attention_flops_s
  double token_s = 0;              // of each row: embeddings, norms, activations
  double sequence_s = 0;           // of each sequence: its pieces of attention are handed out
  double sample_s = 0;             // of each token that is drawn
  // In place of flops_s and of reading the weights, as measured at some numbers of rows, which rise: what a product takes is
  // a line in its rows between two of them, as much as at the first one below, and at the last one's rate above.
  // Attention then takes its operations and its reading in turn.
  std::vector<RateOfRows> flops_s_by_rows = {};

  // Seconds of products that take `flops` operations a row.
  double ProductSeconds(double flops, double rows) const {
    if (flops_s_by_rows.empty()) return flops * rows / flops_s;
    if (rows <= 0) return 0;
    size_t i = 0;
    while (i < flops_s_by_rows.size() && flops_s_by_rows[i].rows < rows) ++i;
    const auto at = [](const RateOfRows& r) { return r.rows / r.flops_s; };
    if (i == 0) return flops * at(flops_s_by_rows[0]);
    if (i == flops_s_by_rows.size()) return flops * rows / flops_s_by_rows.back().flops_s;
    const RateOfRows &low = flops_s_by_rows[i - 1], &high = flops_s_by_rows[i];
    return flops * (at(low) + (at(high) - at(low)) * (rows - low.rows) / (high.rows - low.rows));
  }
};

// How long a step takes: a line, or a roofline. A value.
struct StepTime {
  bool roofline = false;
  LinearTime line = {};
  RooflineTime roof = {};

  double Of(const StepWork& work) const {
    const auto prefill = static_cast<double>(work.prefill_tokens), decode = static_cast<double>(work.decode_rows);
    if (!roofline) return line.base_s + prefill * line.prefill_s_per_token + decode * line.decode_s_per_sequence;
    const double products = roof.ProductSeconds(roof.flops_per_token, prefill + decode) +
                            roof.ProductSeconds(roof.flops_per_sample, static_cast<double>(work.sampled_rows));
    const double fixed = roof.step_s + (prefill + decode) * roof.token_s + static_cast<double>(work.sampled_rows) * roof.sample_s;
    const double decode_rate = roof.decode_attention_flops_s > 0 ? roof.decode_attention_flops_s : roof.attention_flops_s;
    const double attention = ((work.pairs - work.decode_pairs) / roof.attention_flops_s + work.decode_pairs / decode_rate) * roof.flops_per_pair +
                             static_cast<double>(work.sequences) * roof.sequence_s;
    const double reading = work.kv_tokens * roof.kv_bytes_per_token / roof.bytes_s;
    if (!roof.flops_s_by_rows.empty()) return fixed + products + attention + reading;
    return fixed + std::max(products, roof.weight_bytes / roof.bytes_s) + std::max(attention, reading);
  }
};

}  // namespace pano::sim
