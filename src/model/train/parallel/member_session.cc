#include "model/train/parallel/member_session.h"

#include <unistd.h>

#include <array>
#include <optional>

#include "base/env.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/transport_address.h"

namespace pano::train {
namespace {

// What the first process of a machine tells those that it starts.
constexpr char kRank[] = "PANO_TRAIN_RANK", kSize[] = "PANO_TRAIN_SIZE",
               kAddress[] = "PANO_TRAIN_ADDRESS", kLocal[] = "PANO_TRAIN_LOCAL";
// The run's secret; from the user where there are several machines.
constexpr char kToken[] = "PANO_TRAIN_TOKEN";

// The others hear of a member that has gone at once; so long they may take to end.
constexpr Duration kGrace = std::chrono::seconds(20);

Result<int64_t> NumberOf(const char* name, int64_t min, int64_t max) {
  const std::string text = EnvironmentVariable(name);
  const std::optional<int64_t> number = ParseInt(text);
  if (!number || *number < min || *number > max) {
    return InvalidArgument(StrCat(name, " is '", Printable(text), "', not a number from ", min,
                                  " to ", max, "; it is set by pano train for its own processes"));
  }
  return *number;
}

}  // namespace

Result<MemberSession> MemberSession::Plan(const MemberOptions& options) {
  MemberSession session;
  session.options_ = options;
  session.secret_ = EnvironmentVariable(kToken);
  if (!EnvironmentVariable(kRank).empty()) {
    session.is_child_ = true;
    PANO_ASSIGN_OR_RETURN(const int64_t size, NumberOf(kSize, 1, kMembersMax));
    PANO_ASSIGN_OR_RETURN(const int64_t rank, NumberOf(kRank, 0, size - 1));
    PANO_ASSIGN_OR_RETURN(const int64_t local, NumberOf(kLocal, 1, size));
    session.size_ = static_cast<int>(size);
    session.rank_ = static_cast<int>(rank);
    session.local_ = static_cast<int>(local);
    session.address_ = EnvironmentVariable(kAddress);
    return session;
  }
  if (options.node >= options.nodes) {
    return InvalidArgument(StrCat("--node-rank ", options.node, " is not below --nodes ",
                                  options.nodes))
        .WithField("node-rank");
  }
  if (options.processes * options.nodes > kMembersMax) {
    return InvalidArgument(StrCat("--nproc ", options.processes, " on ", options.nodes,
                                  " machines are more than ", kMembersMax, " members"))
        .WithField("nproc");
  }
  if (options.nodes > 1 && options.rendezvous.empty()) {
    return InvalidArgument("--nodes above 1 needs --rendezvous HOST:PORT of the first machine")
        .WithField("rendezvous");
  }
  if (!options.rendezvous.empty()) {
    Result<TransportAddress> address = ParseTransportAddress(options.rendezvous);
    if (!address.ok()) {
      return InvalidArgument(StrCat("--rendezvous: ", address.error().message()))
          .WithField("rendezvous");
    }
  }
  if (options.nodes > 1 && session.secret_.empty()) {
    return InvalidArgument("several machines need a secret: set PANO_TRAIN_TOKEN to the same text "
                           "on each of them")
        .WithField("rendezvous");
  }
  session.size_ = static_cast<int>(options.processes * options.nodes);
  session.local_ = static_cast<int>(options.processes);
  session.rank_ = static_cast<int>(options.node * options.processes);
  session.address_ = options.rendezvous.empty() ? "127.0.0.1:0" : options.rendezvous;
  return session;
}

std::string MemberSession::host() const {
  if (local_ == size_) return "127.0.0.1";
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

Status MemberSession::Join(const std::vector<std::string>& arguments,
                           const std::string& fingerprint) {
  if (size_ == 1) return {};
  if (secret_.empty()) secret_ = RandomHex(32);
  GroupOptions group;
  group.rank = rank_;
  group.size = size_;
  group.address = address_;
  group.secret = secret_;
  group.fingerprint = fingerprint;
  group.timeout = std::chrono::seconds(options_.timeout_s);
  std::optional<HubListener> listener;
  if (rank_ == 0) {
    PANO_ASSIGN_OR_RETURN(HubListener own, HubListener::Listen(group));
    listener.emplace(std::move(own));
    address_ = listener->address();
  }
  if (!is_child_ && local_ > 1) {
    std::vector<int> ranks;
    for (int r = rank_ + 1; r < rank_ + local_; ++r) ranks.push_back(r);
    PANO_ASSIGN_OR_RETURN(
        started_, LocalMembers::Start("/proc/self/exe", arguments,
                                      {{kSize, StrCat(size_)},
                                       {kLocal, StrCat(local_)},
                                       {kAddress, address_},
                                       {kToken, secret_}},
                                      ranks));
  }
  if (rank_ == 0) {
    PANO_ASSIGN_OR_RETURN(group_, listener->AcceptMembers());
  } else {
    PANO_ASSIGN_OR_RETURN(group_, JoinGroup(group));
  }
  return {};
}

Status MemberSession::End(const Status& status) {
  if (group_ && !status.ok()) group_->Abort(status);
  group_.reset();
  Status out = status;
  for (const MemberEnd& end : started_.Wait(kGrace)) {
    // The first fault is the run's; others ended because of it.
    if (end.signal != 0) {
      out = Status(out.ok() ? StatusCode::kUnavailable : out.code(),
                   StrCat("[parallel] ", end.ToString(),
                          "; the run has ended, --resume goes on from its last checkpoint"))
                .WithCause(out);
    } else if (!end.ok() && out.ok()) {
      out = Status(StatusCode::kUnavailable, StrCat("[parallel] ", end.ToString()));
    }
  }
  return out;
}

}  // namespace pano::train
