#include "app/http/response_head.h"

#include <array>
#include <ctime>

#include "base/strings.h"

namespace pano::http {
namespace {

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
  switch (status) {
    case 100: return "Continue";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 499: return "Client Closed Request";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "";
  }
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
