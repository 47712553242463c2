#include "app/http/message/response_head.h"

#include <array>
#include <ctime>

#include "base/strings.h"

namespace pano::http {
namespace {

struct StatusRow {
  int status;
  std::string_view phrase;
};
constexpr StatusRow kStatuses[] = {
    {100, "Continue"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {499, "Client Closed Request"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

bool IsToken(std::string_view name) {
  constexpr std::string_view kAllowed =
      "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  return !name.empty() && name.find_first_not_of(kAllowed) == std::string_view::npos;
}

bool IsServersOwn(std::string_view name) {
  const std::string lower = ToLower(name);
  for (std::string_view own :
       {"date", "content-length", "transfer-encoding", "connection", "x-request-id"}) {
    if (lower == own) return true;
  }
  return false;
}

void AppendField(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  for (char c : value) {
    const bool control = (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
    out.push_back(control ? ' ' : c);
  }
  out.append("\r\n");
}

void AppendTwoDigits(std::string& out, int value) {
  out.push_back(static_cast<char>('0' + value / 10 % 10));
  out.push_back(static_cast<char>('0' + value % 10));
}

}  // namespace

std::string FormatResponseHead(const ResponseHeadFields& fields, const Headers& headers) {
  std::string out = StrCat("HTTP/1.1 ", fields.status, ' ', ReasonPhrase(fields.status), "\r\n");
  AppendField(out, "Date", FormatDate(fields.unix_seconds));
  AppendField(out, "X-Request-Id", fields.request_id);
  if (!fields.keep_alive) {
    AppendField(out, "Connection", "close");
  } else if (fields.version_minor == 0) {
    AppendField(out, "Connection", "keep-alive");
  }
  if (fields.framing == BodyFraming::kLength) {
    AppendField(out, "Content-Length", StrCat(fields.content_length));
  } else if (fields.framing == BodyFraming::kChunked) {
    AppendField(out, "Transfer-Encoding", "chunked");
  }
  for (const auto& [name, value] : headers) {
    if (IsToken(name) && !IsServersOwn(name)) AppendField(out, name, value);
  }
  out.append("\r\n");
  return out;
}

std::string_view ReasonPhrase(int status) {
  for (const StatusRow& row : kStatuses) {
    if (row.status == status) return row.phrase;
  }
  return "";
}

std::string FormatDate(int64_t unix_seconds) {
  constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                     "Thu", "Fri", "Sat"};
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t time = static_cast<std::time_t>(unix_seconds);
  std::tm utc{};
  gmtime_r(&time, &utc);
  std::string out = StrCat(kDays[static_cast<size_t>(utc.tm_wday)], ", ");
  AppendTwoDigits(out, utc.tm_mday);
  out.append(StrCat(' ', kMonths[static_cast<size_t>(utc.tm_mon)], ' ', utc.tm_year + 1900, ' '));
  AppendTwoDigits(out, utc.tm_hour);
  out.push_back(':');
  AppendTwoDigits(out, utc.tm_min);
  out.push_back(':');
  AppendTwoDigits(out, utc.tm_sec);
  out.append(" GMT");
  return out;
}

bool StatusHasNoBody(int status) { return status / 100 == 1 || status == 204 || status == 304; }

}  // namespace pano::http
