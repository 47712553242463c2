#include "model/tokenizer/models/bpe.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/strings.h"
#include "base/utf8.h"
#include "model/tokenizer/models/queue_merge.h"
#include "model/tokenizer/text/byte_level.h"

// A pre-token becomes one symbol a character, then pairs merge by rank. Short pre-tokens keep the merge
// of every neighbouring pair in an array and search it for the lowest rank after each merge (quadratic,
// but without allocation); long ones use a heap (queue_merge.h). Scored vocabularies (SentencePiece)
// get the same merge table: every cut of an entry into two symbols, ranked by the entry's score.

namespace pano::tokenizer {
namespace {

// Up to here the quadratic merge is the faster one.
constexpr size_t kShortMax = 48;
// A scored piece is tried at each of its cuts: quadratic in its length, so that is bounded.
constexpr size_t kPieceBytesMax = 512;

std::string ByteToken(unsigned byte) {
  constexpr char kHex[] = "0123456789ABCDEF";
  return {'<', '0', 'x', kHex[byte >> 4], kHex[byte & 15], '>'};
}

}  // namespace

BpeModel::BpeModel(const Vocabulary& vocabulary, Options options)
    : vocabulary_(vocabulary), options_(std::move(options)) {
  if (options_.usable.empty()) {
    options_.usable.resize(static_cast<size_t>(vocabulary_.size()));
    for (TokenId id = 0; id < vocabulary_.size(); ++id) {
      options_.usable[static_cast<size_t>(id)] = vocabulary_.Has(id);
    }
  }
  for (unsigned byte = 0; byte < 256; ++byte) {
    byte_ids_[byte] = vocabulary_.Find(ByteToken(byte)).value_or(-1);
  }
  for (char32_t c = 0; c < short_ids_.size(); ++c) {
    std::string text;
    Utf8Append(text, c);
    short_ids_[c] = FindUsable(text).value_or(-1);
  }
}

std::optional<TokenId> BpeModel::FindUsable(std::string_view text) const {
  const auto id = vocabulary_.Find(text);
  return id && Usable(*id) ? id : std::nullopt;
}

Result<std::unique_ptr<BpeModel>> BpeModel::FromMerges(
    const Vocabulary& vocabulary, const std::vector<std::pair<std::string, std::string>>& merges,
    Options options) {
  std::unique_ptr<BpeModel> model(new BpeModel(vocabulary, std::move(options)));
  model->merges_ = MergeTable(merges.size());
  for (size_t rank = 0; rank < merges.size(); ++rank) {
    const auto& [left, right] = merges[rank];
    const auto left_id = vocabulary.Find(left);
    const auto right_id = vocabulary.Find(right);
    const size_t prefix = model->options_.continuing_prefix.size();
    const auto id = prefix <= right.size() ? vocabulary.Find(left + right.substr(prefix)) : std::nullopt;
    if (!left_id || !right_id || !id) {
      return Corruption(StrCat("merge ", rank, " ('", Printable(left), "' + '", Printable(right),
                               "') names a piece that is not in the vocabulary"));
    }
    model->merges_.Set(*left_id, *right_id, {static_cast<uint32_t>(rank), *id});
  }
  return model;
}

// Gives the characters of a piece that are no entries themselves a symbol, so that they can merge.
Status BpeModel::AddExtras(TokenId id) {
  const std::string_view piece = vocabulary_.Piece(id);
  if (piece.size() > kPieceBytesMax) {
    return Unimplemented(StrCat("a scored piece of ", piece.size(), " bytes (id ", id, ")"));
  }
  for (size_t pos = 0; pos < piece.size();) {
    const size_t length = Utf8Length(piece.substr(pos));
    if (length == 0 || length == piece.size()) break;   // ill-formed: no text becomes it
    const std::string_view character = piece.substr(pos, length);
    pos += length;
    if (FindUsable(character) || extra_ids_.contains(character)) continue;
    // The views look into the vocabulary, which outlives them.
    extra_ids_.emplace(character, vocabulary_.size() + static_cast<int32_t>(extra_.size()));
    extra_.emplace_back(character);
  }
  return {};
}

// Every way to cut a piece in two that are symbols is a merge.
void BpeModel::AddCuts(TokenId id, uint32_t rank) {
  const std::string_view piece = vocabulary_.Piece(id);
  size_t length = Utf8Length(piece);
  for (size_t cut = length; length > 0 && cut < piece.size(); cut += length) {
    const int32_t left = Symbol(piece.substr(0, cut));
    const int32_t right = Symbol(piece.substr(cut));
    if (left >= 0 && right >= 0) merges_.Set(left, right, {rank, id});
    length = Utf8Length(piece.substr(cut));
  }
}

Result<std::unique_ptr<BpeModel>> BpeModel::FromScores(const Vocabulary& vocabulary,
                                                       const std::vector<float>& scores,
                                                       Options options) {
  std::unique_ptr<BpeModel> model(new BpeModel(vocabulary, std::move(options)));
  std::vector<float> order;   // distinct scores, highest first; their index is the rank
  size_t cut_count = 0;
  for (TokenId id = 0; id < vocabulary.size(); ++id) {
    if (!vocabulary.Has(id) || !model->Usable(id)) continue;
    const float score = scores[static_cast<size_t>(id)];
    if (std::isnan(score)) return Corruption(StrCat("the score of id ", id, " is no number"));
    order.push_back(score);
    cut_count += vocabulary.Piece(id).size();
    PANO_RETURN_IF_ERROR(model->AddExtras(id));
  }
  std::sort(order.begin(), order.end(), std::greater<>());
  order.erase(std::unique(order.begin(), order.end()), order.end());
  model->merges_ = MergeTable(cut_count);
  for (TokenId id = 0; id < vocabulary.size(); ++id) {
    if (!vocabulary.Has(id) || !model->Usable(id)) continue;
    const auto rank = std::lower_bound(order.begin(), order.end(), scores[static_cast<size_t>(id)],
                                       std::greater<>());
    model->AddCuts(id, static_cast<uint32_t>(rank - order.begin()));
  }
  model->merges_.Shrink();
  return model;
}

int32_t BpeModel::Symbol(std::string_view text) const {
  if (const auto id = FindUsable(text)) return *id;
  if (extra_.empty()) return -1;
  const auto extra = extra_ids_.find(text);
  return extra == extra_ids_.end() ? -1 : extra->second;
}

bool BpeModel::AppendBytes(std::string_view text, std::vector<int32_t>& symbols) const {
  for (char byte : text) {
    if (byte_ids_[static_cast<unsigned char>(byte)] < 0) return false;
  }
  for (char byte : text) symbols.push_back(byte_ids_[static_cast<unsigned char>(byte)]);
  return true;
}

// The characters of `piece` as symbols. An unknown one waits until a known one comes, so that a run
// can be fused; bytes do not end the wait (which shows only where some byte tokens are missing).
void BpeModel::Start(std::string_view piece, std::vector<int32_t>& symbols) const {
  const bool plain = options_.continuing_prefix.empty() && options_.end_suffix.empty();
  bool unknown_waits = false;
  std::string dressed;
  for (size_t pos = 0; pos < piece.size();) {
    const size_t length = std::max<size_t>(Utf8Length(piece.substr(pos)), 1);
    std::string_view text = piece.substr(pos, length);
    int32_t symbol = -1;
    if (plain) {
      symbol = length <= 2 ? short_ids_[Utf8Decode(text, length)] : -1;
      if (symbol < 0) symbol = Symbol(text);
    } else {
      dressed = StrCat(pos > 0 ? std::string_view(options_.continuing_prefix) : "", text,
                       pos + length == piece.size() ? std::string_view(options_.end_suffix) : "");
      text = dressed;
      symbol = Symbol(text);
    }
    pos += length;
    if (symbol >= 0) {
      if (unknown_waits) symbols.push_back(*options_.unknown);
      unknown_waits = false;
      symbols.push_back(symbol);
    } else if (options_.byte_fallback && AppendBytes(text, symbols)) {
      continue;
    } else if (options_.unknown) {
      if (unknown_waits && !options_.fuse_unknown) symbols.push_back(*options_.unknown);
      unknown_waits = true;
    }
  }
  if (unknown_waits) symbols.push_back(*options_.unknown);
}

void BpeModel::MergeShort(std::vector<int32_t>& symbols) const {
  std::array<MergeTable::Merge, kShortMax> pairs;   // pairs[i] = symbols i and i + 1
  size_t count = symbols.size();
  for (size_t i = 0; i + 1 < count; ++i) pairs[i] = merges_.Find(symbols[i], symbols[i + 1]);
  while (count > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < count; ++i) {
      if (pairs[i].rank < pairs[best].rank) best = i;
    }
    if (pairs[best].rank == MergeTable::kNone) break;
    symbols[best] = pairs[best].symbol;
    for (size_t i = best + 1; i + 1 < count; ++i) {
      symbols[i] = symbols[i + 1];
      pairs[i - 1] = pairs[i];
    }
    --count;
    if (best > 0) pairs[best - 1] = merges_.Find(symbols[best - 1], symbols[best]);
    if (best + 1 < count) pairs[best] = merges_.Find(symbols[best], symbols[best + 1]);
  }
  symbols.resize(count);
}

void BpeModel::Emit(const std::vector<int32_t>& symbols, std::vector<TokenId>& ids) const {
  const int32_t vocabulary_size = vocabulary_.size();
  for (int32_t symbol : symbols) {
    if (symbol < vocabulary_size) {
      ids.push_back(symbol);
      continue;
    }
    const std::string& text = extra_[static_cast<size_t>(symbol - vocabulary_size)];
    if (options_.byte_fallback && AppendBytes(text, ids)) continue;
    if (options_.unknown) ids.push_back(*options_.unknown);
  }
}

std::unique_ptr<const ByteBpe> BpeModel::ForBytes() const {
  const bool plain = options_.continuing_prefix.empty() && options_.end_suffix.empty() && extra_.empty();
  if (!plain || merges_.room() > ByteBpe::kMergesMax) return nullptr;
  std::array<int32_t, 256> bytes{};
  for (size_t byte = 0; byte < bytes.size(); ++byte) {
    std::string character;
    AppendByteLevel(character, std::string(1, static_cast<char>(byte)));
    bytes[byte] = FindUsable(character).value_or(-1);
    if (bytes[byte] < 0) return nullptr;
  }
  std::vector<std::string> texts(static_cast<size_t>(vocabulary_.size()));
  std::vector<ByteBpe::Entry> entries;
  for (TokenId id = 0; id < vocabulary_.size(); ++id) {
    if (!vocabulary_.Has(id) || !Usable(id)) continue;
    std::optional<std::string> text = FromByteLevel(vocabulary_.Piece(id));
    if (!text || text->empty()) continue;
    std::string& kept = texts[static_cast<size_t>(id)] = *std::move(text);
    entries.push_back({kept, id});
  }
  return std::make_unique<ByteBpe>(bytes, merges_, entries, options_.ignore_merges);
}

Status BpeModel::Encode(std::string_view piece, std::vector<TokenId>& ids) const {
  if (options_.ignore_merges) {
    if (const auto whole = FindUsable(piece)) {
      ids.push_back(*whole);
      return {};
    }
  }
  std::vector<int32_t> symbols;
  symbols.reserve(piece.size());
  Start(piece, symbols);
  if (symbols.size() > kShortMax) {
    QueueMerge(merges_, symbols);
  } else if (symbols.size() > 1) {
    MergeShort(symbols);
  }
  Emit(symbols, ids);
  return {};
}

}  // namespace pano::tokenizer
