#include "pano/bench/random_weights.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/process_limits.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/threads.h"
#include "model/format/weights.h"
#include "model/tensor/blocks.h"
#include "model/tensor/packed.h"
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
    PANO_RETURN_IF_ERROR(CheckMemoryLeft(bytes, "the weights"));
    void* p = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
      return Status(StatusCode::kExhausted,
                    StrCat("the weights need ", FormatBytes(bytes), ", which the system refuses"));
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

// Blocks of a type that rows (of a packed type: panels of rows) are put together of.
struct BlockTable {
  size_t block_bytes = 0;
  size_t block_count = 0;
  size_t header_bytes = 0;  // of a row or panel, before its blocks
  std::vector<std::byte> blocks = {}, headers = {};
};

// The table times `deviation`, in chunks, each handed over with its place.
template <typename Encode>
void EncodeChunks(std::span<const float> table, float deviation, ComputePool& pool, Encode encode) {
  pool.ParallelFor(kTableElements / kTableChunk, 1, [&](size_t begin, size_t end, int) {
    float scaled[kTableChunk];
    for (size_t chunk = begin; chunk < end; ++chunk) {
      for (size_t i = 0; i < kTableChunk; ++i) {
        scaled[i] = table[chunk * kTableChunk + i] * deviation;
      }
      encode(scaled, chunk);
    }
  });
}

BlockTable EncodeRows(std::span<const float> table, float deviation, DType dtype,
                      ComputePool& pool) {
  const tensor::DTypeInfo& info = tensor::Describe(dtype);
  BlockTable out{.block_bytes = info.block_bytes,
                 .block_count = kTableElements / info.block_elements};
  out.blocks.resize(out.block_count * info.block_bytes);
  const size_t chunk_bytes = kTableChunk / info.block_elements * info.block_bytes;
  EncodeChunks(table, deviation, pool, [&](const float* values, size_t chunk) {
    tensor::EncoderOf(dtype)(values, kTableChunk, &out.blocks[chunk * chunk_bytes]);
  });
  return out;
}

// A chunk becomes a panel of as many columns as it has room for.
BlockTable EncodePanels(std::span<const float> table, float deviation, DType dtype,
                        ComputePool& pool) {
  constexpr size_t kColumns = kTableChunk / tensor::kPanelRows;
  const tensor::DTypeInfo& info = tensor::Describe(dtype);
  BlockTable out{.block_bytes = info.block_bytes * tensor::kPanelRows,
                 .block_count = kTableElements / tensor::kPanelRows / info.block_elements,
                 .header_bytes = static_cast<size_t>(tensor::PanelHeaderBytes(dtype))};
  out.blocks.resize(out.block_count * out.block_bytes);
  out.headers.resize(kTableElements / kTableChunk * out.header_bytes);
  const size_t chunk_bytes = kColumns / info.block_elements * out.block_bytes;
  EncodeChunks(table, deviation, pool, [&](const float* values, size_t chunk) {
    const tensor::TensorView view{DType::kF32,
                                  {tensor::kPanelRows, static_cast<int64_t>(kColumns)},
                                  reinterpret_cast<const std::byte*>(values),
                                  kTableChunk * sizeof(float)};
    std::vector<std::byte> panel(tensor::PanelBytes(dtype, kColumns));
    tensor::PackPanel(view, dtype, 0, panel.data());
    std::copy_n(panel.data(), out.header_bytes, out.headers.data() + chunk * out.header_bytes);
    std::copy_n(panel.data() + out.header_bytes, chunk_bytes, &out.blocks[chunk * chunk_bytes]);
  });
  return out;
}

// Writes matrices, a row after the other, out of encoded tables that it keeps by type and
// deviation.
class MatrixWriter {
 public:
  MatrixWriter(uint64_t seed, ComputePool& pool)
      : seed_(seed), pool_(pool), normal_(NormalTable(seed, pool)) {}

  void Write(const ModelTensor& tensor, size_t index, DType dtype, std::span<std::byte> out) {
    if (out.empty()) return;
    const bool packed = tensor::IsPacked(dtype);
    auto [it, is_new] = tables_.try_emplace({dtype, tensor.deviation});
    if (is_new) {
      it->second = packed ? EncodePanels(normal_, tensor.deviation, dtype, pool_)
                          : EncodeRows(normal_, tensor.deviation, dtype, pool_);
    }
    const BlockTable& table = it->second;
    const tensor::DTypeInfo& info = tensor::Describe(dtype);
    const size_t blocks = static_cast<size_t>(tensor.shape.back()) / info.block_elements;
    const size_t row_bytes = table.header_bytes + blocks * table.block_bytes;
    const size_t piece = packed ? 1 : kPieceElements / info.block_elements;
    const uint64_t seed = SeedOf(seed_, kPieceStream, index);
    pool_.ParallelFor(out.size() / row_bytes, packed ? 4 : 64, [&](size_t begin, size_t end, int) {
      for (size_t row = begin; row < end; ++row) {
        WriteRow(table, seed, row, piece, out.subspan(row * row_bytes, row_bytes));
      }
    });
  }

 private:
  // Of pieces of so many blocks each, the last as long as there is room.
  static void WriteRow(const BlockTable& table, uint64_t seed, size_t row, size_t piece,
                       std::span<std::byte> out) {
    if (table.header_bytes > 0) {
      const size_t count = table.headers.size() / table.header_bytes;
      std::copy_n(&table.headers[row % count * table.header_bytes], table.header_bytes, out.data());
      out = out.subspan(table.header_bytes);
    }
    const size_t piece_bytes = piece * table.block_bytes, places = table.block_count - piece + 1;
    std::array<uint32_t, 4> bits{};
    for (size_t at = 0, i = 0; at < out.size(); at += piece_bytes, ++i) {
      if (i % 4 == 0) bits = Philox(seed, row, i / 4);
      std::copy_n(&table.blocks[bits[i % 4] % places * table.block_bytes],
                  std::min(piece_bytes, out.size() - at), out.data() + at);
    }
  }

  const uint64_t seed_;
  ComputePool& pool_;
  const std::vector<float> normal_;
  std::map<std::pair<DType, float>, BlockTable> tables_;
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
  PANO_CHECK(tensor::EncoderOf(dtype) != nullptr || tensor::IsPacked(dtype));
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
