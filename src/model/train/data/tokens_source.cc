#include "model/train/data/tokens_source.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <map>

#include "base/closest_name.h"
#include "base/json.h"
#include "base/strings.h"
#include "model/format/weights.h"

namespace pano::train {
namespace {

constexpr size_t kFileBytesMax = size_t{4} << 30;
constexpr size_t kSequencesMax = 64;

// The first part of a key: which sequence it is of, and in the order of Row::sequences.
std::vector<std::string> PartsOf(Task task) {
  if (task == Task::kPreference) return {"chosen.", "rejected."};
  if (task != Task::kEmbedding) return {""};
  std::vector<std::string> parts = {"anchor.", "positive.", "negative."};
  for (size_t i = 2; i < kSequencesMax - 1; ++i) parts.push_back(StrCat("negative_", i, "."));
  return parts;
}

constexpr std::array<std::string_view, 6> kKeys = {"input_ids",      "labels",         "position_ids",
                                                   "attention_mask", "token_type_ids", "completion_mask"};

// What a key of a file is.
struct Place {
  size_t sequence = 0;
  size_t key = 0;          // into kKeys
  int head = -1;           // its labels
};

// Reads keys of one task. Thread-compatible.
class Keys {
 public:
  Keys(Task task, const std::vector<HeadRecipe>& heads) : task_(task), heads_(heads), parts_(PartsOf(task)) {
    for (size_t p = 0; p < parts_.size(); ++p) {
      for (size_t k = 0; k < kKeys.size(); ++k) places_[StrCat(parts_[p], kKeys[k])] = {p, k, -1};
    }
    for (size_t h = 0; h < heads.size(); ++h) {
      places_[StrCat(heads[h].name, ".labels")] = {0, 1, static_cast<int>(h)};
    }
  }

  Result<Place> Find(std::string_view key) const {
    const auto found = places_.find(std::string(key));
    if (found != places_.end()) return found->second;
    std::vector<std::string_view> names;
    for (size_t p = 0; p < std::min<size_t>(parts_.size(), 3); ++p) {
      for (const auto& [name, place] : places_) {
        if (place.sequence == p) names.push_back(name);
      }
    }
    return InvalidArgument(StrCat("'", Printable(key), "' is no key of rows of tokens for task ", TaskName(task_),
                                  DidYouMean(key, names)));
  }

  // Whether its value is one number a row.
  bool OneARow(const Place& place) const {
    if (place.key != 1) return false;
    if (place.head >= 0) return heads_[static_cast<size_t>(place.head)].task == Task::kSequenceClassification;
    return task_ == Task::kSequenceClassification;
  }

  static Status Put(const Place& place, std::vector<int32_t> values, bool one, Row& row, size_t head_count) {
    if (place.head >= 0) {
      row.heads.resize(head_count);
      row.heads[static_cast<size_t>(place.head)] = std::move(values);
      return {};
    }
    if (one) {
      row.label = values[0];
      return {};
    }
    if (row.sequences.size() <= place.sequence) row.sequences.resize(place.sequence + 1);
    Sequence& s = row.sequences[place.sequence];
    std::vector<int32_t>* const numbers[] = {&s.input_ids, &s.labels, &s.position_ids, nullptr, &s.token_type_ids, nullptr};
    if (numbers[place.key]) {
      *numbers[place.key] = std::move(values);
      return {};
    }
    std::vector<uint8_t>& mask = place.key == 3 ? s.attention_mask : s.completion_mask;
    mask.clear();
    for (int32_t value : values) {
      if (value != 0 && value != 1) return InvalidArgument(StrCat(kKeys[place.key], " holds ", value, ": expected 0 or 1"));
      mask.push_back(static_cast<uint8_t>(value));
    }
    return {};
  }

  size_t head_count() const { return heads_.size(); }
  Task task() const { return task_; }

 private:
  const Task task_;
  const std::vector<HeadRecipe> heads_;
  const std::vector<std::string> parts_;
  std::map<std::string, Place> places_;
};

Result<int32_t> Number(int64_t value, std::string_view key) {
  if (value < std::numeric_limits<int32_t>::min() || value > std::numeric_limits<int32_t>::max()) {
    return InvalidArgument(StrCat(Printable(key), " holds ", value, ", which is no id"));
  }
  return static_cast<int32_t>(value);
}

Result<Row> ParseLine(std::string_view line, const Keys& keys, const RowLimits& limits) {
  PANO_ASSIGN_OR_RETURN(const json::Value value, json::Parse(line));
  if (!value.is_object()) return InvalidArgument("is no JSON object");
  Row row;
  for (const auto& [key, member] : value.as_object()) {
    PANO_ASSIGN_OR_RETURN(const Place place, keys.Find(key));
    if (member.is_null()) continue;
    const bool one = keys.OneARow(place);
    std::vector<int32_t> numbers;
    if (one ? !member.is_int() : !member.is_array()) {
      return InvalidArgument(StrCat(Printable(key), " is ", one ? "no whole number" : "no list"));
    }
    if (one) {
      PANO_ASSIGN_OR_RETURN(const int32_t number, Number(member.as_int(), key));
      numbers.push_back(number);
    } else {
      for (const json::Value& entry : member.as_array()) {
        if (!entry.is_int()) return InvalidArgument(StrCat(Printable(key), " holds what is no whole number"));
        PANO_ASSIGN_OR_RETURN(const int32_t number, Number(entry.as_int(), key));
        numbers.push_back(number);
      }
    }
    PANO_RETURN_IF_ERROR(Keys::Put(place, std::move(numbers), one, row, keys.head_count()));
  }
  PANO_RETURN_IF_ERROR(CheckRow(row, keys.task(), limits));
  return row;
}

// FNV-1a, for Version().
uint64_t Hash(uint64_t hash, const void* data, size_t size) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  for (size_t i = 0; i < size; ++i) hash = (hash ^ bytes[i]) * 0x100000001b3u;
  return hash;
}

std::string Hex(uint64_t value) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out(16, '0');
  for (size_t i = 0; i < 16; ++i) out[15 - i] = kDigits[(value >> (4 * i)) & 15];
  return out;
}

int64_t ElementAt(const tensor::TensorView& view, int64_t index) {
  auto load = [&]<typename T>(T value) {
    std::memcpy(&value, view.data + static_cast<size_t>(index) * sizeof value, sizeof value);
    return static_cast<int64_t>(value);
  };
  switch (view.dtype) {
    case tensor::DType::kI64:
      return load(int64_t{});
    case tensor::DType::kI32:
      return load(int32_t{});
    case tensor::DType::kI16:
      return load(int16_t{});
    case tensor::DType::kI8:
      return load(int8_t{});
    default:
      return load(uint8_t{});  // kU8, kBool
  }
}

bool IsWhole(tensor::DType type) {
  using enum tensor::DType;
  return type == kI64 || type == kI32 || type == kI16 || type == kI8 || type == kU8 || type == kBool;
}

// One file of either kind. Rows of .jsonl are kept as they were read: 4 bytes a number.
class TokensFile {
 public:
  static Result<TokensFile> Open(const std::string& path, const Keys& keys, const RowLimits& limits, Env& env) {
    TokensFile file;
    file.path_ = path;
    if (path.ends_with(".safetensors")) {
      PANO_RETURN_IF_ERROR(file.OpenTensors(keys).Wrap(path));
    } else {
      PANO_RETURN_IF_ERROR(file.OpenLines(keys, limits, env));
    }
    if (file.size_ == 0) return InvalidArgument(StrCat(path, ": has no rows"));
    return file;
  }

  int64_t size() const { return size_; }
  uint64_t hash() const { return hash_; }

  Result<Row> Read(int64_t index, const Keys& keys, const RowLimits& limits) const {
    if (!tensors_) return rows_[static_cast<size_t>(index)];
    Row row;
    for (const auto& [place, view] : columns_) {
      const int64_t width = view->shape.size() == 2 ? view->shape[1] : 1;
      std::vector<int32_t> numbers;
      for (int64_t i = 0; i < width; ++i) {
        Result<int32_t> number = Number(ElementAt(*view, index * width + i), kKeys[place.key]);
        if (!number.ok()) return number.error().Wrap(StrCat(path_, ": row ", index));
        numbers.push_back(*number);
      }
      PANO_RETURN_IF_ERROR(Keys::Put(place, std::move(numbers), keys.OneARow(place), row, keys.head_count())
                               .Wrap(StrCat(path_, ": row ", index)));
    }
    PANO_RETURN_IF_ERROR(CheckRow(row, keys.task(), limits).Wrap(StrCat(path_, ": row ", index)));
    return row;
  }

 private:
  Status OpenTensors(const Keys& keys) {
    PANO_ASSIGN_OR_RETURN(tensors_, format::OpenSafetensors({path_}));
    size_ = -1;
    for (const std::string& name : tensors_->Names()) {
      PANO_ASSIGN_OR_RETURN(const Place place, keys.Find(name));
      const tensor::TensorView* view = tensors_->Find(name);
      const size_t axes = keys.OneARow(place) ? 1 : 2;
      if (!IsWhole(view->dtype) || view->shape.size() != axes) {
        return InvalidArgument(StrCat("tensor '", Printable(name), "' is ", tensor::Describe(view->dtype).name, " ",
                                      tensor::ShapeText(view->shape), ": expected whole numbers ",
                                      axes == 1 ? "[rows]" : "[rows, length]"));
      }
      if (size_ >= 0 && view->shape[0] != size_) {
        return InvalidArgument(StrCat("tensor '", Printable(name), "' has ", view->shape[0], " rows, others ", size_));
      }
      size_ = view->shape[0];
      columns_.emplace_back(place, view);
      hash_ = Hash(hash_, name.data(), name.size());
      hash_ = Hash(hash_, view->data, view->bytes);
    }
    size_ = std::max<int64_t>(size_, 0);
    return {};
  }

  Status OpenLines(const Keys& keys, const RowLimits& limits, Env& env) {
    auto text = ReadFile(path_, kFileBytesMax, env);
    if (!text.ok()) return text.error();
    hash_ = Hash(hash_, text->data(), text->size());
    int64_t line_number = 0;
    for (std::string_view rest = *text; !rest.empty();) {
      const size_t end = rest.find('\n');
      const std::string_view line = Trim(rest.substr(0, end));
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      ++line_number;
      if (line.empty()) continue;
      auto row = ParseLine(line, keys, limits);
      if (!row.ok()) return InvalidArgument(StrCat(path_, ":", line_number, ": ", row.error().message()));
      rows_.push_back(std::move(*row));
    }
    size_ = static_cast<int64_t>(rows_.size());
    return {};
  }

  std::string path_;
  int64_t size_ = 0;
  uint64_t hash_ = 0xcbf29ce484222325u;
  std::vector<Row> rows_;
  std::shared_ptr<const format::Weights> tensors_;
  std::vector<std::pair<Place, const tensor::TensorView*>> columns_;
};

class TokensSource final : public RowSource {
 public:
  TokensSource(Task task, const std::vector<HeadRecipe>& heads, const RowLimits& limits)
      : keys_(task, heads), limits_(limits) {}

  Status Open(const std::vector<std::string>& paths, Env& env) {
    for (const std::string& path : paths) {
      PANO_ASSIGN_OR_RETURN(TokensFile file, TokensFile::Open(path, keys_, limits_, env));
      starts_.push_back(size_);
      size_ += file.size();
      files_.push_back(std::move(file));
    }
    // Every row is looked at once before hours are spent on the first ones.
    for (int64_t i = 0; i < size_; ++i) PANO_RETURN_IF_ERROR(Read(i).status());
    return {};
  }

  int64_t size() const override { return size_; }
  Result<Row> Read(int64_t index) const override {
    const auto file = static_cast<size_t>(std::ranges::upper_bound(starts_, index) - starts_.begin()) - 1;
    return files_[file].Read(index - starts_[file], keys_, limits_);
  }
  std::string Version() const override {
    std::string out;
    for (const TokensFile& file : files_) out += StrCat(out.empty() ? "" : "-", Hex(file.hash()));
    return out;
  }

 private:
  const Keys keys_;
  const RowLimits limits_;
  std::vector<TokensFile> files_;
  std::vector<int64_t> starts_;  // of each file
  int64_t size_ = 0;
};

}  // namespace

Result<std::unique_ptr<RowSource>> OpenTokens(const std::vector<std::string>& paths, Task task,
                                              const std::vector<HeadRecipe>& heads,
                                              const RowLimits& limits, Env& env) {
  auto source = std::make_unique<TokensSource>(task, heads, limits);
  PANO_RETURN_IF_ERROR(source->Open(paths, env));
  return source;
}

Result<Row> ParseTokensLine(std::string_view line, Task task, const std::vector<HeadRecipe>& heads,
                            const RowLimits& limits) {
  return ParseLine(line, Keys(task, heads), limits);
}

}  // namespace pano::train
