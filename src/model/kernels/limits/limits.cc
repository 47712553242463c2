#include "model/kernels/limits/limits.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>

#include "model/kernels/isa.h"

namespace pano::kernels {
namespace {

// The best of three runs: limits are about the machine, not about who else uses it.
template <typename Body>
double BestRate(double work, Body body) {
  double best = 0;
  for (int run = 0; run < 3; ++run) {
    auto start = std::chrono::steady_clock::now();
    body();
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    best = std::max(best, work / took.count());
  }
  return best;
}

double MeasureRead(ComputePool& pool) {
  constexpr size_t kBytes = 256 << 20, kWords = kBytes / sizeof(uint64_t);
  struct Free {
    void operator()(uint64_t* p) const { std::free(p); }
  };
  std::unique_ptr<uint64_t, Free> memory(static_cast<uint64_t*>(std::malloc(kBytes)));
  if (!memory) return 0;
  std::fill_n(memory.get(), kWords, uint64_t{1});
  std::atomic<uint64_t> total{0};
  return BestRate(static_cast<double>(kBytes), [&] {
    pool.ParallelFor(kWords, 4096, [&](size_t begin, size_t end, int) {
      uint64_t sums[8] = {};
      const uint64_t* p = memory.get();
      for (size_t i = begin; i + 8 <= end; i += 8) {
        for (size_t j = 0; j < 8; ++j) sums[j] += p[i + j];
      }
      for (uint64_t sum : sums) total += sum;
    });
  });
}

template <typename Peak>
double MeasurePeak(ComputePool& pool, double work_per_round, Peak peak) {
  constexpr int64_t kRounds = 4'000'000;
  const auto threads = static_cast<size_t>(pool.threads());
  std::atomic<int64_t> sink{0};
  return BestRate(work_per_round * kRounds * static_cast<double>(threads), [&] {
    pool.ParallelFor(threads, 1, [&](size_t begin, size_t end, int) {
      for (size_t i = begin; i < end; ++i) sink += static_cast<int64_t>(peak(kRounds));
    });
  });
}

}  // namespace

MachineLimits MeasureLimits(ComputePool& pool) {
  const Isa& isa = SelectIsa();
  MachineLimits limits;
  limits.read_bytes_per_second = MeasureRead(pool);
  limits.f32_flop_per_second = MeasurePeak(pool, 2.0 * 16 * kPeakChains, isa.float_peak);
  limits.int8_op_per_second = MeasurePeak(pool, 2.0 * 32 * kPeakChains, isa.int8_peak);
  return limits;
}

}  // namespace pano::kernels
