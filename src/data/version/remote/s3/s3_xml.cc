#include "data/version/remote/s3/s3_xml.h"

#include <charconv>

#include "base/strings.h"
#include "base/utf8.h"

namespace pano::remote {
namespace {

// Reads from the first character to the last. Confined to one call.
class Reader {
 public:
  Reader(std::string_view text, const XmlLimits& limits) : text_(text), limits_(limits) {}

  Result<XmlElement> Read() {
    PANO_RETURN_IF_ERROR(SkipMisc());
    XmlElement root;
    PANO_RETURN_IF_ERROR(Element(0, &root));
    PANO_RETURN_IF_ERROR(SkipMisc());
    if (at_ != text_.size()) return Wrong("something stands behind the document");
    return root;
  }

 private:
  Status Wrong(std::string_view why) const {
    return Corruption(StrCat("no XML: ", why, " (byte ", at_, ")"));
  }
  bool StartsWith(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  void SkipSpace() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r' || text_[at_] == '\n'))
      ++at_;
  }
  Status SkipTo(std::string_view end) {
    const size_t found = text_.find(end, at_);
    if (found == std::string_view::npos) return Wrong("it ends early");
    at_ = found + end.size();
    return {};
  }
  Status SkipMisc() {
    while (true) {
      SkipSpace();
      if (at_ == 0 && StartsWith("\xef\xbb\xbf")) {
        at_ += 3;
      } else if (StartsWith("<?")) {
        PANO_RETURN_IF_ERROR(SkipTo("?>"));
      } else if (StartsWith("<!--")) {
        PANO_RETURN_IF_ERROR(SkipTo("-->"));
      } else if (StartsWith("<!")) {
        return Wrong("a document type is not taken");
      } else {
        return {};
      }
    }
  }

  std::string_view Name() {
    const size_t begin = at_;
    while (at_ < text_.size() &&
           std::string_view(" \t\r\n/><=\"'&").find(text_[at_]) == std::string_view::npos)
      ++at_;
    std::string_view name = text_.substr(begin, at_ - begin);
    if (const size_t colon = name.find(':'); colon != std::string_view::npos)
      name = name.substr(colon + 1);
    return name;
  }

  // Attributes and the end of a tag; `*empty`: "<x/>".
  Status EndOfTag(bool* empty) {
    while (true) {
      SkipSpace();
      if (StartsWith("/>")) {
        at_ += 2;
        *empty = true;
        return {};
      }
      if (StartsWith(">")) {
        ++at_;
        return {};
      }
      if (Name().empty()) return Wrong("a tag has no end");
      SkipSpace();
      if (!StartsWith("=")) return Wrong("an attribute has no value");
      ++at_;
      SkipSpace();
      if (!StartsWith("\"") && !StartsWith("'")) return Wrong("an attribute's value has no quotes");
      const char quote = text_[at_++];
      PANO_RETURN_IF_ERROR(SkipTo(std::string_view(&quote, 1)));
    }
  }

  Status Element(int depth, XmlElement* element) {
    if (depth >= limits_.depth_max) return Wrong("nests too deep");
    if (++elements_ > limits_.elements_max) return Wrong("there are too many elements");
    if (!StartsWith("<")) return Wrong("an element is missing");
    ++at_;
    element->name = Name();
    if (element->name.empty()) return Wrong("an element has no name");
    bool empty = false;
    PANO_RETURN_IF_ERROR(EndOfTag(&empty));
    if (empty) return {};
    while (true) {
      const size_t next = text_.find('<', at_);
      if (next == std::string_view::npos) return Wrong("it ends early");
      PANO_RETURN_IF_ERROR(AppendText(text_.substr(at_, next - at_), &element->text));
      at_ = next;
      if (StartsWith("<![CDATA[")) {
        at_ += 9;
        const size_t begin = at_;
        PANO_RETURN_IF_ERROR(SkipTo("]]>"));
        element->text += text_.substr(begin, at_ - 3 - begin);
      } else if (StartsWith("<!--")) {
        PANO_RETURN_IF_ERROR(SkipTo("-->"));
      } else if (StartsWith("<?")) {
        PANO_RETURN_IF_ERROR(SkipTo("?>"));
      } else if (StartsWith("</")) {
        at_ += 2;
        if (Name() != element->name)
          return Wrong(StrCat("'", Printable(element->name), "' is not closed"));
        SkipSpace();
        if (!StartsWith(">")) return Wrong("a tag has no end");
        ++at_;
        return {};
      } else if (StartsWith("<!")) {
        return Wrong("a declaration within the document");
      } else {
        PANO_RETURN_IF_ERROR(Element(depth + 1, &element->children.emplace_back()));
      }
    }
  }

  Status AppendText(std::string_view raw, std::string* out) {
    while (true) {
      const size_t entity = raw.find('&');
      out->append(raw.substr(0, entity));
      if (entity == std::string_view::npos) return {};
      raw.remove_prefix(entity + 1);
      const size_t end = raw.substr(0, 12).find(';');
      if (end == std::string_view::npos) return Wrong("'&' begins no entity");
      const std::string_view name = raw.substr(0, end);
      raw.remove_prefix(end + 1);
      if (name == "amp")
        *out += '&';
      else if (name == "lt")
        *out += '<';
      else if (name == "gt")
        *out += '>';
      else if (name == "quot")
        *out += '"';
      else if (name == "apos")
        *out += '\'';
      else
        PANO_RETURN_IF_ERROR(AppendCharacter(name, out));
    }
  }

  Status AppendCharacter(std::string_view name, std::string* out) {
    const bool hex = name.starts_with("#x");
    const std::string_view digits = name.substr(hex ? 2 : name.starts_with("#") ? 1 : name.size());
    uint32_t code = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), code, hex ? 16 : 10);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size() ||
        code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
      return Wrong(StrCat("the entity '", Printable(name), "' is not known"));
    }
    Utf8Append(*out, code);
    return {};
  }

  const std::string_view text_;
  const XmlLimits& limits_;
  size_t at_ = 0, elements_ = 0;
};

Result<XmlElement> RootOf(std::string_view text, std::string_view name) {
  PANO_ASSIGN_OR_RETURN(XmlElement root, ParseXml(text));
  if (root.name != name)
    return Corruption(
        StrCat("the server answers with '", Printable(root.name), "' where '", name, "' is due"));
  return root;
}

std::string Decoded(std::string_view text, bool url) {
  if (!url) return std::string(text);
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ptr ==
            text.data() + i + 3) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::string Unquoted(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"')
    etag = etag.substr(1, etag.size() - 2);
  return std::string(etag);
}

}  // namespace

const XmlElement* XmlElement::Find(std::string_view child) const {
  for (const XmlElement& one : children) {
    if (one.name == child) return &one;
  }
  return nullptr;
}

std::string XmlElement::Text(std::string_view child) const {
  const XmlElement* found = Find(child);
  return found == nullptr ? "" : found->text;
}

Result<XmlElement> ParseXml(std::string_view text, const XmlLimits& limits) {
  if (text.size() > limits.bytes_max)
    return Corruption(StrCat("an XML document of more than ", limits.bytes_max, " bytes"));
  return Reader(text, limits).Read();
}

std::string XmlEscaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

Result<S3Listing> ParseListing(std::string_view text) {
  PANO_ASSIGN_OR_RETURN(const XmlElement root, RootOf(text, "ListBucketResult"));
  const bool url = root.Text("EncodingType") == "url";
  S3Listing listing;
  for (const XmlElement& child : root.children) {
    if (child.name != "Contents") continue;
    const std::optional<int64_t> size = ParseInt(child.Text("Size"));
    if (child.Text("Key").empty() || !size || *size < 0)
      return Corruption("an entry of the listing has no key or size");
    listing.objects.emplace_back(Decoded(child.Text("Key"), url), static_cast<uint64_t>(*size));
  }
  if (root.Text("IsTruncated") == "true") {
    listing.next = root.Text("NextContinuationToken");
    if (listing.next.empty())
      return Corruption("the listing is cut and does not say where it goes on");
  }
  return listing;
}

Result<std::vector<S3Part>> ParseParts(std::string_view text, int* next) {
  PANO_ASSIGN_OR_RETURN(const XmlElement root, RootOf(text, "ListPartsResult"));
  std::vector<S3Part> parts;
  for (const XmlElement& child : root.children) {
    if (child.name != "Part") continue;
    const std::optional<int64_t> number = ParseInt(child.Text("PartNumber")),
                                 size = ParseInt(child.Text("Size"));
    if (!number || *number < 1 || *number > 10'000 || !size || *size < 0)
      return Corruption("a part has no number or size");
    parts.push_back(
        {static_cast<int>(*number), static_cast<uint64_t>(*size), Unquoted(child.Text("ETag"))});
  }
  const std::optional<int64_t> marker = ParseInt(root.Text("NextPartNumberMarker"));
  *next = root.Text("IsTruncated") == "true" && marker && *marker > 0 && *marker <= 10'000
              ? static_cast<int>(*marker)
              : 0;
  return parts;
}

Result<std::vector<std::pair<std::string, std::string>>> ParseUploads(std::string_view text) {
  PANO_ASSIGN_OR_RETURN(const XmlElement root, RootOf(text, "ListMultipartUploadsResult"));
  const bool url = root.Text("EncodingType") == "url";
  std::vector<std::pair<std::string, std::string>> uploads;
  for (const XmlElement& child : root.children) {
    if (child.name == "Upload")
      uploads.emplace_back(Decoded(child.Text("Key"), url), child.Text("UploadId"));
  }
  return uploads;
}

Result<std::string> ParseInitiated(std::string_view text) {
  PANO_ASSIGN_OR_RETURN(const XmlElement root, RootOf(text, "InitiateMultipartUploadResult"));
  std::string id = root.Text("UploadId");
  if (id.empty()) return Corruption("the server began an upload without an id");
  return id;
}

S3Error ParseError(std::string_view text) {
  S3Error error;
  const Result<XmlElement> root = ParseXml(text, {.bytes_max = 64u << 10, .elements_max = 1000});
  if (root.ok() && root->name == "Error") {
    error.code = root->Text("Code");
    error.message = root->Text("Message");
    error.region = root->Text("Region");
  }
  return error;
}

}  // namespace pano::remote
