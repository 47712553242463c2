#include "model/grammar/json_schema/string_formats.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/strings.h"
#include "model/grammar/regex/nfa.h"

namespace pano::grammar {
namespace {

// RFC 3339, with the days that a month has; years from 0001, seconds without the leap second.
constexpr std::string_view kDate =
    R"((?:(?:(?:\d{3}[1-9]|\d{2}[1-9]0|\d[1-9]00|[1-9]000)-)"
    R"((?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))|)"
    R"((?:\d\d(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)-02-29)))";

constexpr std::string_view kTime =
    R"((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d))";

constexpr std::string_view kOctet = R"((?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d))";

// RFC 5321's dot-string at a domain name, each short enough for its limits (64 and 255 octets).
constexpr std::string_view kAtom = R"([A-Za-z0-9!#$%&'*+/=?^_`{|}~-])";

// Labels of at most 40 letters and at most six of them stay below 253 together.
std::string Labels(std::string_view label) { return StrCat(label, "(?:\\.", label, "){0,5}"); }

std::string MailHost() { return Labels("[A-Za-z0-9](?:[A-Za-z0-9-]{0,38}[A-Za-z0-9])?"); }

// RFC 1123. Labels with hyphens in the third and fourth place are reserved (RFC 5891) and left out:
// most of them are not Punycode of anything.
std::string HostName() {
  const std::string letter = "[A-Za-z0-9]", any = "[A-Za-z0-9-]";
  const std::string third_fourth = StrCat("(?:", letter, any, "|-", letter, ")");
  return Labels(StrCat(letter, "(?:", letter, "|", any, letter, "|", any, "(?:", letter, "|-)",
                       letter, "|", any, third_fourth, any, "{0,35}", letter, ")?"));
}

std::string Ipv4() { return StrCat(kOctet, "(?:\\.", kOctet, "){3}"); }

// RFC 4291, section 2.2: eight groups, or fewer around one "::", the last two perhaps as IPv4.
std::string Ipv6() {
  const std::string group = "[0-9A-Fa-f]{1,4}";
  const std::string last = StrCat("(?:", group, ":", group, "|", Ipv4(), ")");
  std::string out = StrCat("(?:(?:", group, ":){6}", last);
  for (int before = 0; before <= 7; ++before) {
    // `before` groups, "::", and at most 7 - before groups.
    const std::string head =
        before == 0 ? ""
                    : StrCat(group, before > 1 ? StrCat("(?::", group, "){", before - 1, "}") : "");
    const int behind = 7 - before;
    std::string tail;
    if (behind >= 2)
      tail = StrCat("(?:(?:", group, ":){0,", behind - 2, "}", last, "|", group, ")?");
    if (behind == 1) tail = StrCat("(?:", group, ")?");
    out += StrCat("|", head, "::", tail);
  }
  return out + ")";
}

// RFC 3986, appendix A; a literal address in brackets is IPv6 only.
std::string Uri(bool reference) {
  const std::string plain = "A-Za-z0-9._~!$&'()*+,;=\\-";
  const std::string escaped = "%[0-9A-Fa-f]{2}";
  const std::string pchar = StrCat("(?:[", plain, ":@]|", escaped, ")");
  const std::string segments = StrCat("(?:/", pchar, "*)*");
  const std::string authority = StrCat("(?:(?:[", plain, ":]|", escaped, ")*@)?(?:\\[", Ipv6(),
                                       "\\]|(?:[", plain, "]|", escaped, ")*)(?::[0-9]*)?");
  const std::string query_fragment =
      StrCat("(?:\\?(?:", pchar, "|[/?])*)?(?:#(?:", pchar, "|[/?])*)?");
  const std::string absolute = StrCat("/(?:", pchar, "+", segments, ")?");
  const std::string uri = StrCat("[A-Za-z][A-Za-z0-9+.-]*:(?://", authority, segments, "|",
                                 absolute, "|", pchar, "+", segments, ")?", query_fragment);
  if (!reference) return uri;
  const std::string no_colon = StrCat("(?:[", plain, "@]|", escaped, ")");
  return StrCat("(?:", uri, "|(?://", authority, segments, "|", absolute, "|", no_colon, "+",
                segments, ")?", query_fragment, ")");
}

// RFC 3339, appendix A.
constexpr std::string_view kDuration =
    R"(P(?:\d+W|(?:\d+D|\d+M(?:\d+D)?|\d+Y(?:\d+M(?:\d+D)?)?)(?:T(?:\d+H(?:\d+M(?:\d+S)?)?|\d+M(?:\d+S)?|\d+S))?|)"
    R"(T(?:\d+H(?:\d+M(?:\d+S)?)?|\d+M(?:\d+S)?|\d+S)))";

constexpr std::string_view kJsonPointer = R"((?:/(?:[^~/]|~[01])*)*)";

std::string SourceOf(std::string_view format) {
  if (format == "date") return std::string(kDate);
  if (format == "time") return std::string(kTime);
  if (format == "date-time") return StrCat(kDate, "[Tt]", kTime);
  if (format == "duration") return std::string(kDuration);
  if (format == "uuid") return "[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}";
  if (format == "email") {
    return StrCat("(?:", kAtom, "{1,64}|", kAtom, "{1,24}(?:\\.", kAtom, "{1,12}){1,3})@",
                  MailHost());
  }
  if (format == "hostname") return HostName();
  if (format == "ipv4") return Ipv4();
  if (format == "ipv6") return Ipv6();
  if (format == "uri") return Uri(false);
  if (format == "uri-reference") return Uri(true);
  if (format == "json-pointer") return std::string(kJsonPointer);
  if (format == "relative-json-pointer") return StrCat("(?:0|[1-9]\\d*)(?:#|", kJsonPointer, ")");
  return "";
}

// Of the specification, but a grammar of their own that is not kept here.
constexpr std::array<std::string_view, 6> kUnsupported = {"idn-email",     "idn-hostname", "iri",
                                                          "iri-reference", "uri-template", "regex"};

}  // namespace

FormatKind KindOfFormat(std::string_view format) {
  if (!SourceOf(format).empty()) return FormatKind::kEnforced;
  return std::find(kUnsupported.begin(), kUnsupported.end(), format) != kUnsupported.end()
             ? FormatKind::kUnsupported
             : FormatKind::kAnnotation;
}

Result<StringSet> StringsOfFormat(std::string_view format, StepBudget& budget) {
  const std::string source = SourceOf(format);
  PANO_CHECK(!source.empty());
  PANO_ASSIGN_OR_RETURN(Dfa letters, CompileRegexDfa(source, RegexDialect::kEcma, false, budget));
  return StringSet(std::move(letters));
}

}  // namespace pano::grammar
