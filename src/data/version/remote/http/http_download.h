#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/retry.h"
#include "base/status.h"
#include "data/version/remote/http/http_client.h"
#include "data/version/remote/remote.h"

namespace pano::remote {

// The request for the bytes from `offset` on (a Range header is added to it), made anew for each
// try: signatures have a time.
using MakeRequest =
    std::function<HttpRequest(const std::vector<std::pair<std::string, std::string>>& headers)>;
// The status of an answer that is not 2xx.
using JudgeAnswer = std::function<Status(const HttpAnswer& answer)>;

// GET from `offset` to the end; a cut or stalled connection is resumed where it broke off, of the
// same version of the object (ETag, else Last-Modified), else from the beginning. An object that ends before
// the size that the server says is no whole one. `on_version`, which may be null, sees the head of each
// answer whose bytes are taken: the last is that of the object that came.
Status Download(HttpClient& client, uint64_t offset, const Remote::OnBytes& on_bytes,
                const MakeRequest& make_request, const JudgeAnswer& judge,
                const RetryOptions& retry, Clock& clock, const std::stop_token& stop,
                const std::function<void(const HttpAnswer& head)>& on_version = nullptr);

}  // namespace pano::remote
