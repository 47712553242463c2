#include "data/version/data_tree.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/check.h"
#include "base/strings.h"
#include "base/utf8.h"
#include "data/version/md5_stream.h"
#include "data/version/relative_path.h"

namespace pano::data {
namespace {

// Reads JSON token by token, without a tree: a manifest of a million files is 80 MB of text. Confined to one
// call.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  void SkipSpace() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) ++at_;
  }
  bool Take(char c) {
    SkipSpace();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool AtEnd() {
    SkipSpace();
    return at_ >= text_.size();
  }
  Status Wrong(std::string_view why) const { return Corruption(StrCat("at byte ", at_, ": ", why)); }

  Status ReadString(std::string* out) {
    out->clear();
    if (!Take('"')) return Wrong("a text in quotes is missing");
    while (true) {
      const size_t end = text_.find_first_of("\"\\", at_);
      if (end == text_.npos) return Wrong("a text does not end");
      for (size_t i = at_; i < end; ++i) {
        if (static_cast<unsigned char>(text_[i]) < 0x20) return Wrong("a control character in a text");
      }
      out->append(text_.substr(at_, end - at_));
      at_ = end + 1;
      if (text_[end] == '"') return {};
      PANO_RETURN_IF_ERROR(ReadEscape(out));
    }
  }

  // Any value, which is not kept.
  Status SkipValue(int depth) {
    if (depth > 16) return Wrong("nests deeper than 16 levels");
    SkipSpace();
    if (at_ >= text_.size()) return Wrong("a value is missing");
    const char c = text_[at_];
    std::string ignored;
    if (c == '"') return ReadString(&ignored);
    if (c == '{' || c == '[') {
      const char close = c == '{' ? '}' : ']';
      ++at_;
      if (Take(close)) return {};
      do {
        if (c == '{') {
          PANO_RETURN_IF_ERROR(ReadString(&ignored));
          if (!Take(':')) return Wrong("':' is missing");
        }
        PANO_RETURN_IF_ERROR(SkipValue(depth + 1));
      } while (Take(','));
      return Take(close) ? OkStatus() : Wrong("a list or object does not end");
    }
    const size_t begin = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '-' ||
                                  text_[at_] == '+' || text_[at_] == '.')) {
      ++at_;
    }
    return at_ > begin ? OkStatus() : Wrong("not JSON");
  }

 private:
  Status ReadHex(char32_t* out) {
    *out = 0;
    if (at_ + 4 > text_.size()) return Wrong("an escape is cut short");
    for (int i = 0; i < 4; ++i) {
      const char c = text_[at_++];
      const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
      if (digit < 0) return Wrong("no hexadecimal digit in an escape");
      *out = *out * 16 + static_cast<char32_t>(digit);
    }
    return {};
  }
  Status ReadEscape(std::string* out) {
    if (at_ >= text_.size()) return Wrong("an escape is cut short");
    const char c = text_[at_++];
    constexpr std::string_view kNames = "\"\\/bfnrt", kValues = "\"\\/\b\f\n\r\t";
    if (const size_t i = kNames.find(c); i != kNames.npos) {
      out->push_back(kValues[i]);
      return {};
    }
    if (c != 'u') return Wrong("an escape that JSON does not have");
    char32_t code = 0, low = 0;
    PANO_RETURN_IF_ERROR(ReadHex(&code));
    if (code >= 0xD800 && code < 0xDC00 && text_.substr(at_, 2) == "\\u") {
      at_ += 2;
      PANO_RETURN_IF_ERROR(ReadHex(&low));
      if (low < 0xDC00 || low > 0xDFFF) return Wrong("half a surrogate pair");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    if (code >= 0xD800 && code < 0xE000) return Wrong("half a surrogate pair");
    Utf8Append(*out, code);
    return {};
  }

  const std::string_view text_;
  size_t at_ = 0;
};

// A text as Python's json.dumps writes it: all but the printable ASCII characters escaped.
void AppendPythonQuoted(std::string* out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  const auto unit = [&](char32_t u) {
    *out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) *out += kHex[(u >> shift) & 15];
  };
  *out += '"';
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    constexpr std::string_view kNames = "\"\\bfnrt", kValues = "\"\\\b\f\n\r\t";
    if (c >= ' ' && c <= '~' && c != '"' && c != '\\') {
      *out += c;
      ++i;
    } else if (const size_t k = kValues.find(c); k != kValues.npos) {
      *out += '\\';
      *out += kNames[k];
      ++i;
    } else {
      const size_t n = Utf8Length(text.substr(i));
      const char32_t code = n == 0 ? 0xFFFD : Utf8Decode(text.substr(i), n);
      if (code < 0x10000) {
        unit(code);
      } else {
        unit(0xD800 + ((code - 0x10000) >> 10));
        unit(0xDC00 + ((code - 0x10000) & 0x3FF));
      }
      i += n == 0 ? 1 : n;
    }
  }
  *out += '"';
}

void AppendEntry(std::string* out, bool first, const Md5& md5, std::string_view path) {
  *out += first ? "{\"md5\": \"" : ", {\"md5\": \"";
  *out += md5.Hex();
  *out += "\", \"relpath\": ";
  AppendPythonQuoted(out, path);
  *out += '}';
}

}  // namespace

size_t DataTree::LowerBound(std::string_view path) const {
  size_t low = 0, high = size();
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (this->path(middle) < path) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

std::optional<size_t> DataTree::Find(std::string_view path) const {
  const size_t i = LowerBound(path);
  if (i < size() && this->path(i) == path) return i;
  return std::nullopt;
}

std::pair<size_t, size_t> DataTree::Below(std::string_view path) const {
  if (path.empty()) return {0, size()};
  if (const auto i = Find(path)) return {*i, *i + 1};
  // Behind "a/" all that begins with it, before "a0": '0' follows '/'.
  return {LowerBound(StrCat(path, "/")), LowerBound(StrCat(path, "0"))};
}

void DataTree::Reserve(size_t count, size_t path_bytes) {
  entries_.reserve(count);
  paths_.reserve(path_bytes);
}

void DataTree::Append(std::string_view path, const Md5& md5) {
  PANO_DCHECK(entries_.empty() || this->path(size() - 1) < path);
  entries_.push_back({md5, static_cast<uint32_t>(path.size()), paths_.size()});
  paths_.append(path);
}

std::string DataTree::Text() const {
  std::string out = "[";
  out.reserve(entries_.size() * 64 + paths_.size() * 9 / 8 + 2);
  for (size_t i = 0; i < size(); ++i) AppendEntry(&out, i == 0, md5(i), path(i));
  out += ']';
  return out;
}

bool DataTree::HasText(std::string_view text) const {
  if (!text.starts_with('[') || !text.ends_with(']')) return false;
  text.remove_prefix(1);
  std::string entry;
  for (size_t i = 0; i < size(); ++i) {
    entry.clear();
    AppendEntry(&entry, i == 0, md5(i), path(i));
    if (!text.starts_with(entry)) return false;
    text.remove_prefix(entry.size());
  }
  return text == "]";
}

ObjectId DataTree::id() const { return {Md5Of(Text()), /*folder=*/true, hash_}; }

Result<DataTree> DataTree::Parse(std::string_view text, HashName hash) {
  if (text.size() > kBytesMax) return Corruption(StrCat("has ", text.size(), " bytes of at most ", kBytesMax));
  Scanner in(text);
  if (!in.Take('[')) return in.Wrong("the manifest of a folder is a list, and this is none");
  DataTree tree(hash);
  tree.Reserve(text.size() / 72, text.size() / 4);
  std::string key, md5, path;
  bool sorted = true;
  if (!in.Take(']')) {
    do {
      bool has_md5 = false, has_path = false;
      if (!in.Take('{')) return in.Wrong("an entry is no object");
      if (!in.Take('}')) {
        do {
          PANO_RETURN_IF_ERROR(in.ReadString(&key));
          if (!in.Take(':')) return in.Wrong("':' is missing");
          if (key == "md5" && !has_md5) {
            has_md5 = true;
            PANO_RETURN_IF_ERROR(in.ReadString(&md5));
          } else if (key == "relpath" && !has_path) {
            has_path = true;
            PANO_RETURN_IF_ERROR(in.ReadString(&path));
          } else if (key == "md5" || key == "relpath") {
            return in.Wrong("an entry has a key twice");
          } else {
            PANO_RETURN_IF_ERROR(in.SkipValue(0));
          }
        } while (in.Take(','));
        if (!in.Take('}')) return in.Wrong("an entry does not end");
      }
      if (!has_md5 || !has_path) return in.Wrong(StrCat("an entry has no ", has_md5 ? "relpath" : "md5"));
      if (const Status good = CheckRelativePath(path); !good.ok()) return in.Wrong(good.message());
      for (const std::string_view part : Split(path, '/')) {
        // DVC never tracks these; placed, they would be a repository whose settings somebody else wrote.
        if (part == ".git" || part == ".dvc") return in.Wrong(StrCat("the path '", Printable(path), "' has a part '", part, "'"));
      }
      auto digest = Md5::Parse(md5);
      if (!digest.ok()) return in.Wrong(digest.status().message());
      sorted = sorted && (tree.entries_.empty() || tree.path(tree.size() - 1) < path);
      tree.entries_.push_back({*digest, static_cast<uint32_t>(path.size()), tree.paths_.size()});
      tree.paths_ += path;
    } while (in.Take(','));
    if (!in.Take(']')) return in.Wrong("the list does not end");
  }
  if (!in.AtEnd()) return in.Wrong("something follows the list");
  if (!sorted) {
    std::sort(tree.entries_.begin(), tree.entries_.end(), [&](const Entry& a, const Entry& b) {
      const std::string_view all(tree.paths_);
      return all.substr(a.offset, a.length) < all.substr(b.offset, b.length);
    });
  }
  for (size_t i = 1; i < tree.size(); ++i) {
    if (tree.path(i) == tree.path(i - 1)) {
      return Corruption(StrCat("the path '", Printable(tree.path(i)), "' stands twice"));
    }
  }
  // A file that is a folder of another: between "a" and "a/b" may lie "a b", so each path's folders are looked up
  // where they change.
  std::string_view last_folder;
  for (size_t i = 0; i < tree.size(); ++i) {
    const std::string_view p = tree.path(i);
    const size_t slash = p.rfind('/');
    const std::string_view folder = slash == p.npos ? std::string_view() : p.substr(0, slash);
    // Folders that the last path had too were looked up then.
    size_t common = 0;
    while (common < folder.size() && common < last_folder.size() && folder[common] == last_folder[common]) ++common;
    if (folder == last_folder) continue;
    last_folder = folder;
    for (size_t end = folder.find('/', common);; end = folder.find('/', end + 1)) {
      const std::string_view above = folder.substr(0, end);
      if (!above.empty() && tree.Find(above)) {
        return Corruption(StrCat("the path '", Printable(above), "' is a file and a folder"));
      }
      if (end == folder.npos) break;
    }
  }
  return tree;
}

}  // namespace pano::data
