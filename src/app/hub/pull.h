#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "app/hub/blob_transfer.h"
#include "app/hub/cached_model.h"
#include "app/hub/hub_settings.h"
#include "app/hub/model_name.h"
#include "app/hub/repo_listing.h"
#include "base/env.h"
#include "base/result.h"

namespace pano::hub {

// What is about to be fetched, once the listing is known. A value.
struct PullPlan {
  std::string commit;
  std::vector<std::string> files;
  uint64_t bytes_total = 0;
  uint64_t bytes_missing = 0;
};

struct PullOptions {
  TransferOptions transfer;
  std::function<void(const PullPlan&)> on_plan;
  Env* env = &Env::Real();  // for SpaceLeft
};

struct PullResult {
  CachedModel model;
  std::vector<std::string> files;
  uint64_t bytes_total = 0;
  uint64_t bytes_fetched = 0;  // over the network, by this pull
};

// Brings the files of a model into the cache: listing, choice, space, blobs, links, and last the ref, so
// that a revision's name leads to a whole model at every moment. A model that is there already costs
// one request; a commit that is there costs none. What a killed pull left is gone on with.
//
// Failures say which file or address: NotFound, Unauthenticated, PermissionDenied (reason "gated"),
// Exhausted (reasons "disk_full", "rate_limit"), Corruption, Unavailable, Deadline, Cancelled.
Result<PullResult> Pull(const ModelName& name, const HubSettings& settings,
                        const PullOptions& options, const std::stop_token& stop);

// The files of a repository as the hub lists them.
Result<RepoListing> FetchListing(const ModelName& name, const HubSettings& settings, HubClient& client,
                                 const TransferOptions& options, const std::stop_token& stop);

}  // namespace pano::hub
