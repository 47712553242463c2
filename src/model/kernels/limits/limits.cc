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
double BestRate(int runs, Run run) {
  double best = 0;
  for (int i = 0; i < runs; ++i) {
    auto start = std::chrono::steady_clock::now();
    const double work = run(static_cast<size_t>(i));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    best = std::max(best, work / took.count());
  }
  return best;
}

// Memory in large pages where the system gives them: with small ones the walk through the page table
// would be measured too.
class ReadBuffer {
 public:
  ReadBuffer(ComputePool& pool, size_t bytes) : bytes_(bytes) {
    void* p = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) return;
    words_ = static_cast<uint64_t*>(p);
    ::madvise(p, bytes_, MADV_HUGEPAGE);  // advice: may fail
    // Written, not only touched: pages of zeros would be one page.
    pool.ParallelFor(
        bytes_ / sizeof(uint64_t), size_t{1} << 18,
        [&](size_t begin, size_t end, int) { std::fill(words_ + begin, words_ + end, begin + 1); });
  }
  ~ReadBuffer() {
    if (words_) ::munmap(words_, bytes_);
  }
  ReadBuffer(const ReadBuffer&) = delete;
  ReadBuffer& operator=(const ReadBuffer&) = delete;

  std::span<const uint64_t> words() const {
    return {words_, words_ ? bytes_ / sizeof(uint64_t) : 0};
  }

 private:
  const size_t bytes_;
  uint64_t* words_ = nullptr;
};

// Reads a part as `kStreams` streams side by side: one stream alone does not keep the memory busy on
// every machine, too many leave the prefetchers behind. Of each cache line one word, so that
// nothing but the fetching of lines takes time. kAhead: bytes to prefetch ahead of the use.
template <int kStreams, size_t kAhead = 0>
uint64_t ReadStreams(std::span<const uint64_t> words) {
  constexpr size_t kLine = 64 / sizeof(uint64_t);
  const size_t each = words.size() / kStreams / kLine * kLine;
  uint64_t sums[kStreams] = {};
  for (size_t i = 0; i < each; i += kLine) {
    for (size_t s = 0; s < kStreams; ++s) {
      const uint64_t* line = words.data() + s * each + i;
      if (kAhead > 0) __builtin_prefetch(line + kAhead / sizeof(uint64_t));
      sums[s] += *line;
    }
  }
  uint64_t total = 0;
  for (const uint64_t sum : sums) total += sum;
  return total;
}

constexpr size_t kPartBytes = size_t{64} << 20;  // of the memory, one a run

double MeasureRead(ComputePool& pool, size_t threads, std::span<const uint64_t> words) {
  if (words.empty()) return 0;
  std::atomic<uint64_t> sink{0};
  // Runs go through all of the memory in turn, as steps of decoding go through all weights. A
  // thread's part is cut as products cut theirs: pieces that are taken by whoever is free.
  const size_t parts = std::max<size_t>(words.size() * sizeof(uint64_t) / kPartBytes, 1);
  const size_t part = words.size() / parts, pieces = 4 * threads, each = part / pieces;
  const auto runs = static_cast<int>(std::max<size_t>(parts, kRuns));
  auto rate = [&](uint64_t (*read)(std::span<const uint64_t>)) {
    return BestRate(runs, [&](size_t run) {
      const std::span<const uint64_t> now = words.subspan(run % parts * part, part);
      std::atomic<size_t> next{0};
      pool.ParallelFor(threads, 1, [&](size_t begin, size_t end, int) {
        for (size_t i = begin; i < end; ++i) {
          for (size_t piece; (piece = next++) < pieces;) {
            sink += read(now.subspan(piece * each, each));
          }
        }
      });
      return static_cast<double>(each * pieces * sizeof(uint64_t));
    });
  };
  return std::max({rate(ReadStreams<1>), rate(ReadStreams<1, 4096>), rate(ReadStreams<2>),
                   rate(ReadStreams<4>)});
}

template <typename Peak>
double MeasurePeak(ComputePool& pool, size_t threads, Peak peak) {
  if (!peak) return 0;
  int64_t rounds = 10'000;
  for (; rounds < 1'000'000'000; rounds *= 2) {
    auto start = std::chrono::steady_clock::now();
    peak(rounds);
    if (std::chrono::steady_clock::now() - start > kRunTime) break;
  }
  return BestRate(kRuns, [&](size_t) {
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
  limits.tile_int8_op_per_second = MeasurePeak(pool, count, isa.tile_int8_peak);
  limits.tile_bf16_flop_per_second = MeasurePeak(pool, count, isa.tile_bfloat_peak);
  return limits;
}

size_t ReadBytes(size_t wanted) {
  return std::clamp(wanted, size_t{1} << 20, kReadBytes) / (size_t{1} << 20) * (size_t{1} << 20);
}

}  // namespace

MachineLimits MeasureLimits(ComputePool& pool, int threads, size_t read_bytes) {
  const ReadBuffer buffer(pool, ReadBytes(read_bytes));
  return Measure(pool, threads > 0 ? std::min(threads, pool.threads()) : pool.threads(),
                 buffer.words());
}

double MeasureReadBandwidth(ComputePool& pool, size_t read_bytes) {
  const ReadBuffer buffer(pool, ReadBytes(read_bytes));
  return MeasureRead(pool, static_cast<size_t>(pool.threads()), buffer.words());
}

std::vector<MachineLimits> MeasureLimitsByThreads(ComputePool& pool) {
  const ReadBuffer buffer(pool, kReadBytes);
  std::vector<MachineLimits> out;
  for (int threads = 1; threads < pool.threads();
       threads = threads < 8 ? threads + 1 : threads * 2) {
    out.push_back(Measure(pool, threads, buffer.words()));
  }
  out.push_back(Measure(pool, pool.threads(), buffer.words()));
  return out;
}

}  // namespace pano::kernels
