#include "pano/bench/random_weights.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/random.h"
#include "base/strings.h"
#include "model/tensor/blocks.h"
#include "pano/bench/weight_type.h"

namespace pano::bench {
namespace {

using tensor::DType;

constexpr size_t kAlignment = 64;       // of a tensor, as in packed files
constexpr size_t kPieceElements = 256;  // of a row, each from another place of the table
constexpr size_t kTableElements = 1 << 20;
constexpr size_t kTableChunk = 4096;

// Anonymous memory, in large pages where the system gives them; unmapped when destroyed.
class Memory {
 public:
  static Result<std::unique_ptr<Memory>> Create(size_t bytes) {
    const auto pages = static_cast<size_t>(std::max(0L, ::sysconf(_SC_PHYS_PAGES)));
    const auto page = static_cast<size_t>(std::max(1L, ::sysconf(_SC_PAGESIZE)));
    const bool fits = bytes / page < pages;
    void* p =
        fits ? ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
             : MAP_FAILED;
    if (p == MAP_FAILED) {
      return Status(StatusCode::kExhausted,
                    StrCat("the weights need ", bytes >> 20, " MiB, the machine has ",
                           (pages * page) >> 20, " MiB"));
    }
    ::madvise(p, bytes, MADV_HUGEPAGE);  // advice: may fail
    return std::unique_ptr<Memory>(new Memory(static_cast<std::byte*>(p), bytes));
  }
  ~Memory() { ::munmap(data_, bytes_); }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  std::byte* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  Memory(std::byte* data, size_t bytes) : data_(data), bytes_(bytes) {}
  std::byte* data_;
  size_t bytes_;
};

class MemoryWeights final : public format::Weights {
 public:
  MemoryWeights(std::unique_ptr<Memory> memory,
                std::map<std::string, tensor::TensorView, std::less<>> views)
      : memory_(std::move(memory)), views_(std::move(views)) {}
  const tensor::TensorView* Find(std::string_view name) const override {
    auto it = views_.find(name);
    return it == views_.end() ? nullptr : &it->second;
  }
  std::vector<std::string> Names() const override {
    std::vector<std::string> names;
    for (const auto& [name, view] : views_) names.push_back(name);
    return names;
  }
  size_t FileBytes() const override { return memory_->bytes(); }

 private:
  std::unique_ptr<Memory> memory_;
  std::map<std::string, tensor::TensorView, std::less<>> views_;
};

// Independent streams of one seed.
enum Stream : uint64_t { kTableStream = 1, kPieceStream, kVectorStream };
uint64_t SeedOf(uint64_t seed, Stream stream, uint64_t index) {
  const auto bits = Philox(seed, stream, index);
  return (uint64_t{bits[0]} << 32) | bits[1];
}

// Standard normal numbers.
std::vector<float> NormalTable(uint64_t seed, ComputePool& pool) {
  std::vector<float> table(kTableElements);
  pool.ParallelFor(kTableElements / kTableChunk, 1, [&](size_t begin, size_t end, int) {
    for (size_t chunk = begin; chunk < end; ++chunk) {
      Random random(SeedOf(seed, kTableStream, chunk));
      for (size_t i = 0; i < kTableChunk; ++i) {
        table[chunk * kTableChunk + i] = static_cast<float>(random.Normal());
      }
    }
  });
  return table;
}

// The table times `deviation`, as it is stored in `dtype`.
std::vector<std::byte> EncodeTable(std::span<const float> table, float deviation, DType dtype,
                                   ComputePool& pool) {
  const tensor::DTypeInfo& info = tensor::Describe(dtype);
  const size_t chunk_bytes = kTableChunk / info.block_elements * info.block_bytes;
  std::vector<std::byte> stored(kTableElements / kTableChunk * chunk_bytes);
  const tensor::EncodeFn encode = tensor::EncoderOf(dtype);
  pool.ParallelFor(kTableElements / kTableChunk, 1, [&](size_t begin, size_t end, int) {
    float scaled[kTableChunk];
    for (size_t chunk = begin; chunk < end; ++chunk) {
      for (size_t i = 0; i < kTableChunk; ++i)
        scaled[i] = table[chunk * kTableChunk + i] * deviation;
      encode(scaled, kTableChunk, &stored[chunk * chunk_bytes]);
    }
  });
  return stored;
}

// Writes matrices, a row after the other, out of encoded tables that it keeps by type and
// deviation.
class MatrixWriter {
 public:
  MatrixWriter(uint64_t seed, ComputePool& pool)
      : seed_(seed), pool_(pool), normal_(NormalTable(seed, pool)) {}

  void Write(const ModelTensor& tensor, size_t index, DType dtype, std::span<std::byte> out) {
    if (out.empty()) return;
    auto [it, is_new] = tables_.try_emplace({dtype, tensor.deviation});
    if (is_new) it->second = EncodeTable(normal_, tensor.deviation, dtype, pool_);
    const std::vector<std::byte>& table = it->second;

    const tensor::DTypeInfo& info = tensor::Describe(dtype);
    const size_t row_blocks = static_cast<size_t>(tensor.shape.back()) / info.block_elements;
    const size_t row_bytes = row_blocks * info.block_bytes;
    const size_t rows = out.size() / row_bytes;
    const size_t piece = kPieceElements / info.block_elements;
    const size_t places = kTableElements / info.block_elements - piece + 1;
    const uint64_t seed = SeedOf(seed_, kPieceStream, index);
    pool_.ParallelFor(rows, 64, [&](size_t begin, size_t end, int) {
      for (size_t row = begin; row < end; ++row) {
        std::byte* to = &out[row * row_bytes];
        std::array<uint32_t, 4> bits{};
        for (size_t block = 0, i = 0; block < row_blocks; block += piece, ++i) {
          if (i % 4 == 0) bits = Philox(seed, row, i / 4);
          const size_t count = std::min(piece, row_blocks - block);
          std::memcpy(to + block * info.block_bytes,
                      &table[bits[i % 4] % places * info.block_bytes], count * info.block_bytes);
        }
      }
    });
  }

 private:
  const uint64_t seed_;
  ComputePool& pool_;
  const std::vector<float> normal_;
  std::map<std::pair<DType, float>, std::vector<std::byte>> tables_;
};

// Vectors and small matrices are F32 and short.
void WriteNumbers(const ModelTensor& tensor, uint64_t seed, std::span<std::byte> out) {
  Random random(seed);
  for (size_t at = 0; at < out.size(); at += sizeof(float)) {
    const float normal = tensor.deviation == 0 ? 0.0f : static_cast<float>(random.Normal());
    const float value = tensor.mean + tensor.deviation * normal;
    std::memcpy(&out[at], &value, sizeof value);
  }
}

struct Placed {
  DType dtype;
  size_t offset, bytes;
};

// Where each tensor lies; the last element is the end of all.
Result<std::vector<Placed>> Place(const std::vector<ModelTensor>& tensors, DType dtype) {
  std::vector<Placed> placed;
  size_t offset = 0;
  for (const ModelTensor& tensor : tensors) {
    const DType own = TensorTypeFor(tensor, dtype);
    PANO_ASSIGN_OR_RETURN(const size_t bytes,
                          tensor::ByteSize(own, tensor.shape).Wrap(tensor.name));
    placed.push_back({own, offset, bytes});
    const size_t padding = kAlignment - bytes % kAlignment;
    if (__builtin_add_overflow(offset, bytes, &offset) ||
        __builtin_add_overflow(offset, padding, &offset)) {
      return InvalidArgument("the weights together are larger than any memory");
    }
  }
  placed.push_back({dtype, offset, 0});
  return placed;
}

}  // namespace

Result<std::shared_ptr<const format::Weights>> MakeRandomWeights(
    const std::vector<ModelTensor>& tensors, DType dtype, uint64_t seed, ComputePool& pool) {
  PANO_CHECK(tensor::EncoderOf(dtype) != nullptr);
  PANO_ASSIGN_OR_RETURN(const std::vector<Placed> placed, Place(tensors, dtype));
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<Memory> memory,
                        Memory::Create(std::max<size_t>(placed.back().offset, 1)));
  MatrixWriter matrices(seed, pool);
  std::map<std::string, tensor::TensorView, std::less<>> views;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const std::span<std::byte> out(memory->data() + placed[i].offset, placed[i].bytes);
    if (tensors[i].is_matrix()) {
      matrices.Write(tensors[i], i, placed[i].dtype, out);
    } else {
      WriteNumbers(tensors[i], SeedOf(seed, kVectorStream, i), out);
    }
    views[tensors[i].name] = {placed[i].dtype, tensors[i].shape, out.data(), out.size()};
  }
  return std::shared_ptr<const format::Weights>(
      std::make_shared<MemoryWeights>(std::move(memory), std::move(views)));
}

}  // namespace pano::bench
