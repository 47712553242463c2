#include "model/train/parallel/exchange.h"

#include <algorithm>
#include <cstring>

#include "base/strings.h"

namespace pano::train {
namespace {

// Communicators move floats; nothing is computed with these, so that any bits go through.
constexpr size_t kWord = sizeof(float);

size_t WordsOf(size_t bytes) { return (bytes + kWord - 1) / kWord; }

}  // namespace

Status BroadcastBytes(collective::Communicator& group, std::span<std::byte> bytes, int root) {
  constexpr size_t kPieceBytes = 4 << 20;
  std::vector<float> words(WordsOf(std::min(bytes.size(), kPieceBytes)));
  for (size_t at = 0; at < bytes.size(); at += kPieceBytes) {
    const std::span<std::byte> piece = bytes.subspan(at, std::min(kPieceBytes, bytes.size() - at));
    const std::span<float> used = std::span(words).first(WordsOf(piece.size()));
    std::memcpy(used.data(), piece.data(), piece.size());
    PANO_RETURN_IF_ERROR(group.Broadcast(used, root));
    std::memcpy(piece.data(), used.data(), piece.size());
  }
  return {};
}

Status BroadcastText(collective::Communicator& group, std::string* text, int root) {
  uint64_t size = text->size();
  PANO_RETURN_IF_ERROR(BroadcastBytes(group, std::as_writable_bytes(std::span(&size, 1)), root));
  if (size > kExchangeBytesMax) {
    return Internal(StrCat("[parallel] a text of ", size, " bytes is more than ",
                           kExchangeBytesMax));
  }
  text->resize(size);
  return BroadcastBytes(group, std::as_writable_bytes(std::span(*text)), root);
}

Result<std::vector<std::string>> GatherTexts(collective::Communicator& group,
                                             const std::string& text) {
  const auto ranks = static_cast<size_t>(group.size());
  const double own = static_cast<double>(text.size());
  PANO_ASSIGN_OR_RETURN(const auto sizes, GatherNumbers(group, std::span(&own, 1)));
  size_t longest = 0;
  for (const auto& size : sizes) {
    if (!(size[0] >= 0 && size[0] <= static_cast<double>(kExchangeBytesMax))) {
      return Internal("[parallel] a text is too long to gather");
    }
    longest = std::max(longest, static_cast<size_t>(size[0]));
  }
  const size_t words = WordsOf(longest);
  std::vector<float> local(words), all(words * ranks);
  if (!text.empty()) std::memcpy(local.data(), text.data(), text.size());
  if (words > 0) PANO_RETURN_IF_ERROR(group.AllGather(local, all));
  std::vector<std::string> out;
  for (size_t r = 0; r < ranks; ++r) {
    const auto size = static_cast<size_t>(sizes[r][0]);
    out.emplace_back(reinterpret_cast<const char*>(all.data() + r * words), size);
  }
  return out;
}

Result<std::vector<std::vector<double>>> GatherNumbers(collective::Communicator& group,
                                                       std::span<const double> values) {
  const auto ranks = static_cast<size_t>(group.size());
  const size_t words = WordsOf(values.size_bytes());
  std::vector<float> local(words), all(words * ranks);
  if (words > 0) {
    std::memcpy(local.data(), values.data(), values.size_bytes());
    PANO_RETURN_IF_ERROR(group.AllGather(local, all));
  }
  std::vector<std::vector<double>> out(ranks, std::vector<double>(values.size()));
  for (size_t r = 0; r < ranks && words > 0; ++r) {
    std::memcpy(out[r].data(), all.data() + r * words, values.size_bytes());
  }
  return out;
}

Status SumNumbers(collective::Communicator& group, std::span<double> values) {
  PANO_ASSIGN_OR_RETURN(const auto all, GatherNumbers(group, values));
  std::ranges::fill(values, 0.0);
  for (const std::vector<double>& member : all) {
    for (size_t i = 0; i < values.size(); ++i) values[i] += member[i];
  }
  return {};
}

Result<bool> AnyOf(collective::Communicator& group, bool mine) {
  double flag = mine ? 1 : 0;
  PANO_RETURN_IF_ERROR(SumNumbers(group, std::span(&flag, 1)));
  return flag > 0;
}

}  // namespace pano::train
