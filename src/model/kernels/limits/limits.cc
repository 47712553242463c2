#include "model/kernels/limits/limits.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <span>

#include "model/kernels/isa.h"

namespace pano::kernels {
namespace {

// The best of several runs, each of a few milliseconds: limits are about the machine, not about who
// else uses it, and some short run is likely to have all cores for itself.
constexpr int kRuns = 15;
constexpr std::chrono::milliseconds kRunTime(6);

template <typename Run>
double BestRate(Run run) {
  double best = 0;
  for (int i = 0; i < kRuns; ++i) {
    auto start = std::chrono::steady_clock::now();
    const double work = run(static_cast<size_t>(i));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    best = std::max(best, work / took.count());
  }
  return best;
}

// Memory far larger than any cache, in large pages where the system gives them: with small ones the
// walk through the page table would be measured too.
class ReadBuffer {
 public:
  static constexpr size_t kBytes = size_t{512} << 20;

  explicit ReadBuffer(ComputePool& pool) {
    void* p = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) return;
    words_ = static_cast<uint64_t*>(p);
    ::madvise(p, kBytes, MADV_HUGEPAGE);  // advice: may fail
    // Written, not only touched: pages of zeros would be one page.
    pool.ParallelFor(
        kBytes / sizeof(uint64_t), size_t{1} << 18,
        [&](size_t begin, size_t end, int) { std::fill(words_ + begin, words_ + end, begin + 1); });
  }
  ~ReadBuffer() {
    if (words_) ::munmap(words_, kBytes);
  }
  ReadBuffer(const ReadBuffer&) = delete;
  ReadBuffer& operator=(const ReadBuffer&) = delete;

  std::span<const uint64_t> words() const {
    return {words_, words_ ? kBytes / sizeof(uint64_t) : 0};
  }

 private:
  uint64_t* words_ = nullptr;
};

// The sum of a part, read as `kStreams` streams side by side: one stream alone does not keep the
// memory busy on every machine, too many leave the prefetchers behind.
template <int kStreams>
uint64_t SumStreams(std::span<const uint64_t> words) {
  typedef uint64_t Vector __attribute__((vector_size(32), aligned(8), may_alias));
  constexpr size_t kStep = 64 / sizeof(uint64_t);  // a cache line
  const size_t each = words.size() / kStreams / kStep * kStep;
  Vector sums[kStreams][2] = {};
  for (size_t i = 0; i < each; i += kStep) {
    for (int s = 0; s < kStreams; ++s) {
      const uint64_t* line = words.data() + static_cast<size_t>(s) * each + i;
      sums[s][0] += *reinterpret_cast<const Vector*>(line);
      sums[s][1] += *reinterpret_cast<const Vector*>(line + kStep / 2);
    }
  }
  uint64_t total = 0;
  for (const auto& stream : sums) {
    for (int i = 0; i < 4; ++i) total += stream[0][i] + stream[1][i];
  }
  return total;
}

constexpr size_t kParts = 4;  // of the memory, one a run

double MeasureRead(ComputePool& pool, size_t threads, std::span<const uint64_t> words) {
  if (words.empty()) return 0;
  std::atomic<uint64_t> sink{0};
  // A run reads a part that was not read for so long that no cache holds it.
  const size_t part = words.size() / kParts, each = part / threads;
  auto rate = [&](uint64_t (*sum)(std::span<const uint64_t>)) {
    return BestRate([&](size_t run) {
      const std::span<const uint64_t> now = words.subspan(run % kParts * part, part);
      pool.ParallelFor(threads, 1, [&](size_t begin, size_t end, int) {
        for (size_t i = begin; i < end; ++i) sink += sum(now.subspan(i * each, each));
      });
      return static_cast<double>(each * threads * sizeof(uint64_t));
    });
  };
  return std::max({rate(SumStreams<1>), rate(SumStreams<2>), rate(SumStreams<4>)});
}

template <typename Peak>
double MeasurePeak(ComputePool& pool, size_t threads, Peak peak) {
  int64_t rounds = 10'000;
  for (; rounds < 1'000'000'000; rounds *= 2) {
    auto start = std::chrono::steady_clock::now();
    peak(rounds);
    if (std::chrono::steady_clock::now() - start > kRunTime) break;
  }
  return BestRate([&](size_t) {
    std::atomic<int64_t> work{0};
    pool.ParallelFor(threads, 1, [&](size_t begin, size_t end, int) {
      for (size_t i = begin; i < end; ++i) work += peak(rounds);
    });
    return static_cast<double>(work);
  });
}

MachineLimits Measure(ComputePool& pool, int threads, std::span<const uint64_t> words) {
  const Isa& isa = SelectIsa();
  const auto count = static_cast<size_t>(threads);
  MachineLimits limits;
  limits.threads = threads;
  limits.read_bytes_per_second = MeasureRead(pool, count, words);
  limits.f32_flop_per_second = MeasurePeak(pool, count, isa.float_peak);
  limits.int8_op_per_second = MeasurePeak(pool, count, isa.int8_peak);
  return limits;
}

}  // namespace

MachineLimits MeasureLimits(ComputePool& pool, int threads) {
  const ReadBuffer buffer(pool);
  return Measure(pool, threads > 0 ? std::min(threads, pool.threads()) : pool.threads(),
                 buffer.words());
}

std::vector<MachineLimits> MeasureLimitsByThreads(ComputePool& pool) {
  const ReadBuffer buffer(pool);
  std::vector<MachineLimits> out;
  for (int threads = 1; threads < pool.threads();
       threads = threads < 8 ? threads + 1 : threads * 2) {
    out.push_back(Measure(pool, threads, buffer.words()));
  }
  out.push_back(Measure(pool, pool.threads(), buffer.words()));
  return out;
}

}  // namespace pano::kernels
