#include "model/train/parallel/hub_group.h"

#include <algorithm>

#include "base/check.h"
#include "base/mutex.h"
#include "base/strings.h"
#include "model/train/parallel/group_message.h"

namespace pano::train {
namespace {

using collective::Communicator;
using Kind = FrameHead::Kind;

// A stranger that says nothing holds up the others for so long at most.
constexpr Duration kHandshakeTimeout = std::chrono::seconds(5);
constexpr Duration kDialPause = std::chrono::milliseconds(100);

std::span<const std::byte> BytesOf(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

Result<std::string> ReadText(Connection& connection, size_t count, TimePoint deadline) {
  std::string text(count, '\0');
  PANO_RETURN_IF_ERROR(
      connection.ReadAll(std::as_writable_bytes(std::span(text.data(), text.size())), deadline));
  return text;
}

Status CheckOptions(const GroupOptions& options) {
  PANO_CHECK(options.rank >= 0 && options.rank < options.size && options.transport);
  if (options.secret.empty()) {
    return InvalidArgument("[parallel] the run has no secret: set PANO_TRAIN_TOKEN to the same "
                           "text for all members");
  }
  return {};
}

// What went wrong with the member at the other end, in words for whoever reads the log.
Status MemberFailed(int rank, const Status& status, Duration patience) {
  const std::string who = StrCat("[parallel] member ", rank);
  switch (status.code()) {
    case StatusCode::kDeadline:
      return Status(StatusCode::kDeadline,
                    StrCat(who, " said nothing for ", static_cast<int64_t>(Seconds(patience)),
                           " s: it hangs or its network is gone"))
          .WithCause(status);
    case StatusCode::kCancelled:
      return status.Wrap(who);
    default:
      return Status(StatusCode::kUnavailable, StrCat(who, " has gone (", status.message(), ")"))
          .WithCause(status);
  }
}

// What hub and members share: one operation at a time, a failure that is final, and Abort.
class GroupRank : public Communicator {
 public:
  GroupRank(const GroupOptions& options, std::stop_source stop)
      : options_(options), stop_(std::move(stop)) {}

  int rank() const override { return options_.rank; }
  int size() const override { return options_.size; }

  Status AllReduceSum(std::span<float> data) override {
    return Operate(Kind::kSum, [&] { return Sum(data); });
  }
  Status AllGather(std::span<const float> local, std::span<float> all) override {
    if (all.size() != local.size() * static_cast<size_t>(size())) {
      return Internal(StrCat("[parallel] all-gather of ", local.size(), " values by ", size(),
                             " members into ", all.size()));
    }
    return Operate(Kind::kGather, [&] { return Gather(local, all); });
  }
  Status Broadcast(std::span<float> data, int root) override {
    PANO_CHECK(root >= 0 && root < size());
    return Operate(Kind::kBroadcast, [&] { return Send(data, root); });
  }

  void Abort(Status reason) override {
    PANO_CHECK(!reason.ok());
    {
      MutexLock lock(failure_mu_);
      if (!failure_.ok()) return;
      failure_ = reason;
    }
    // Between two operations the others can be told why; one that is under way is cut off.
    if (operating_.try_lock()) {
      Tell(reason);
      operating_.unlock();
    }
    stop_.request_stop();
  }

 protected:
  virtual Status Sum(std::span<float> data) = 0;
  virtual Status Gather(std::span<const float> local, std::span<float> all) = 0;
  virtual Status Send(std::span<float> data, int root) = 0;
  // Sends the others the reason; failures do not matter any more.
  virtual void Tell(const Status& reason) = 0;

  // When the operation under way has taken too long. The hub waits less than the others: it is the one
  // that sees who is silent.
  TimePoint Deadline() const { return begin_ + patience(); }
  Duration patience() const {
    return rank() == 0 ? options_.timeout / 5 * 4 : options_.timeout;
  }
  TimePoint Soon() const { return options_.transport->clock().Now() + std::chrono::seconds(1); }

  Status Write(Connection& to, std::span<const float> values, TimePoint deadline) {
    const FrameHead head{head_.kind, head_.sequence, values.size()};
    PANO_RETURN_IF_ERROR(to.WriteAll(BytesOf(Encode(head)), deadline));
    return to.WriteAll(std::as_bytes(values), deadline);
  }
  // Internal when the other end calls something else; what it says when it gives up.
  Status Read(Connection& from, std::span<float> values, TimePoint deadline) {
    PANO_ASSIGN_OR_RETURN(const std::string bytes, ReadText(from, kFrameHeadBytes, deadline));
    PANO_ASSIGN_OR_RETURN(const FrameHead came, DecodeFrameHead(bytes));
    if (came.kind == Kind::kAbort) {
      PANO_ASSIGN_OR_RETURN(const std::string text, ReadText(from, came.count, deadline));
      return Status(StatusCode::kUnavailable, Printable(text, kAbortBytesMax))
          .WithReason("aborted");
    }
    if (came.kind != head_.kind || came.sequence != head_.sequence || came.count != values.size()) {
      return Internal(StrCat("members call differently: operation ", came.sequence, " of kind ",
                             static_cast<uint32_t>(came.kind), " with ", came.count,
                             " values there, ", head_.sequence, " of ",
                             static_cast<uint32_t>(head_.kind), " with ", values.size(),
                             " here"));
    }
    return from.ReadAll(std::as_writable_bytes(values), deadline);
  }
  void WriteAbort(Connection& to, const Status& reason) {
    const std::string text =
        StrCat("[parallel] member ", rank(), " gave up: ", reason.message()).substr(0, kAbortBytesMax);
    (void)to.WriteAll(
        BytesOf(StrCat(Encode(FrameHead{Kind::kAbort, head_.sequence, text.size()}), text)),
        Soon());
  }

 private:
  template <typename Body>
  Status Operate(Kind kind, const Body& body) {
    MutexLock operating(operating_);
    {
      MutexLock lock(failure_mu_);
      if (!failure_.ok()) return failure_;
    }
    head_ = {kind, sequence_++, 0};
    begin_ = options_.transport->clock().Now();
    const Status status = body();
    MutexLock lock(failure_mu_);
    if (!failure_.ok()) return failure_;  // Abort's, which cut this off
    if (!status.ok()) {
      failure_ = status;
      Tell(status);
    }
    return status;
  }

  const GroupOptions options_;
  std::stop_source stop_;
  Mutex operating_;     // held for an operation
  uint32_t sequence_ = 0;
  FrameHead head_;      // of the operation
  TimePoint begin_;     // of it
  Mutex failure_mu_;
  Status failure_ PANO_GUARDED_BY(failure_mu_);
};

// Rank 0. `members_[r]` leads to rank r; the first is null.
class Hub final : public GroupRank {
 public:
  Hub(const GroupOptions& options, std::stop_source stop,
      std::vector<std::unique_ptr<Connection>> members)
      : GroupRank(options, std::move(stop)), members_(std::move(members)) {}
  ~Hub() override = default;

 protected:
  Status Sum(std::span<float> data) override {
    std::vector<float> theirs(data.size());
    for (int r = 1; r < size(); ++r) {
      PANO_RETURN_IF_ERROR(ReadFrom(r, theirs));
      for (size_t i = 0; i < data.size(); ++i) data[i] += theirs[i];
    }
    return WriteToAll(data, /*but=*/0);
  }
  Status Gather(std::span<const float> local, std::span<float> all) override {
    std::ranges::copy(local, all.begin());
    for (int r = 1; r < size(); ++r) {
      PANO_RETURN_IF_ERROR(
          ReadFrom(r, all.subspan(static_cast<size_t>(r) * local.size(), local.size())));
    }
    return WriteToAll(all, /*but=*/0);
  }
  Status Send(std::span<float> data, int root) override {
    if (root != 0) PANO_RETURN_IF_ERROR(ReadFrom(root, data));
    return WriteToAll(data, /*but=*/root);
  }
  void Tell(const Status& reason) override {
    for (const auto& member : members_) {
      if (member) WriteAbort(*member, reason);
    }
  }

 private:
  Connection& Member(int r) { return *members_[static_cast<size_t>(r)]; }
  Status ReadFrom(int r, std::span<float> values) {
    const Status status = Read(Member(r), values, Deadline());
    if (status.ok() || status.reason() == "aborted") return status;
    if (status.code() == StatusCode::kInternal) return status.Wrap(StrCat("[parallel] member ", r));
    return MemberFailed(r, status, patience());
  }
  Status WriteToAll(std::span<const float> values, int but) {
    for (int r = 1; r < size(); ++r) {
      if (r == but) continue;
      const Status status = Write(Member(r), values, Deadline());
      if (!status.ok()) return MemberFailed(r, status, patience());
    }
    return {};
  }

  std::vector<std::unique_ptr<Connection>> members_;
};

// Ranks above 0: all they know is the hub.
class Member final : public GroupRank {
 public:
  Member(const GroupOptions& options, std::stop_source stop, std::unique_ptr<Connection> hub)
      : GroupRank(options, std::move(stop)), hub_(std::move(hub)) {}
  ~Member() override = default;

 protected:
  Status Sum(std::span<float> data) override {
    PANO_RETURN_IF_ERROR(WriteTo(data));
    return ReadBack(data);
  }
  Status Gather(std::span<const float> local, std::span<float> all) override {
    PANO_RETURN_IF_ERROR(WriteTo(local));
    return ReadBack(all);
  }
  Status Send(std::span<float> data, int root) override {
    return root == rank() ? WriteTo(data) : ReadBack(data);
  }
  void Tell(const Status& reason) override { WriteAbort(*hub_, reason); }

 private:
  // The hub may have given up while this wrote: what it said tells more than a broken pipe.
  Status WriteTo(std::span<const float> values) {
    const Status status = Write(*hub_, values, Deadline());
    if (status.ok()) return {};
    std::vector<float> nothing;
    const Status said = Read(*hub_, nothing, Soon());
    if (said.reason() == "aborted") return said;
    return MemberFailed(0, status, patience());
  }
  Status ReadBack(std::span<float> values) {
    const Status status = Read(*hub_, values, Deadline());
    if (status.ok() || status.reason() == "aborted") return status;
    if (status.code() == StatusCode::kInternal) return status.Wrap("[parallel] member 0");
    return MemberFailed(0, status, patience());
  }
  std::unique_ptr<Connection> hub_;
};

Status Refuse(Connection& connection, std::string why, TimePoint deadline) {
  Welcome welcome;
  welcome.refusal = std::move(why);
  (void)connection.WriteAll(BytesOf(Encode(welcome)), deadline);
  return InvalidArgument(welcome.refusal);
}

Result<std::unique_ptr<Connection>> DialHub(const GroupOptions& options, TimePoint deadline,
                                            const std::stop_token& stop) {
  Clock& clock = options.transport->clock();
  while (true) {
    Result<std::unique_ptr<Connection>> hub =
        options.transport->Dial(options.address, deadline, stop);
    if (hub.ok() || hub.error().code() != StatusCode::kUnavailable ||
        hub.error().reason() == "host_not_found" || clock.Now() + kDialPause >= deadline) {
      return std::move(hub).Wrap(StrCat("[parallel] the run's member 0 at ", options.address));
    }
    clock.SleepFor(kDialPause);
  }
}

}  // namespace

Result<HubListener> HubListener::Listen(GroupOptions options) {
  PANO_RETURN_IF_ERROR(CheckOptions(options));
  PANO_CHECK(options.rank == 0);
  std::stop_source stop;
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<Listener> listener,
                        options.transport->Listen(options.address, stop.get_token())
                            .Wrap(StrCat("[parallel] listen on ", options.address)));
  return HubListener(std::move(options), std::move(stop), std::move(listener));
}

// The rank of whom is let in; a failure is that connection's alone.
Result<int> HubListener::Admit(Connection& connection,
                               const std::vector<std::unique_ptr<Connection>>& present,
                               TimePoint deadline) {
  const Challenge challenge{FreshNonce()};
  PANO_RETURN_IF_ERROR(connection.WriteAll(BytesOf(Encode(challenge)), deadline));
  PANO_ASSIGN_OR_RETURN(const std::string bytes, ReadText(connection, kHelloBytes, deadline));
  PANO_ASSIGN_OR_RETURN(const Hello hello, DecodeHello(bytes));
  if (!SameDigest(hello.proof, HelloProof(options_.secret, challenge, hello))) {
    return Refuse(connection, "PANO_TRAIN_TOKEN is not that of the run", deadline);
  }
  if (hello.size != static_cast<uint32_t>(options_.size)) {
    return Refuse(connection,
                  StrCat("this run has ", options_.size, " members, not ", hello.size), deadline);
  }
  if (hello.rank == 0 || hello.rank >= present.size() || present[hello.rank]) {
    return Refuse(connection, StrCat("member ", hello.rank, " is there already, or there is none"),
                  deadline);
  }
  if (!SameDigest(hello.fingerprint, DigestOf(options_.fingerprint))) {
    return Refuse(connection, "recipe, data, options or build are not those of member 0", deadline);
  }
  Welcome welcome;
  welcome.proof = WelcomeProof(options_.secret, challenge, hello);
  PANO_RETURN_IF_ERROR(connection.WriteAll(BytesOf(Encode(welcome)), deadline));
  return static_cast<int>(hello.rank);
}

Result<std::unique_ptr<collective::Communicator>> HubListener::AcceptMembers() {
  Clock& clock = options_.transport->clock();
  const TimePoint deadline = clock.Now() + options_.join_timeout;
  std::vector<std::unique_ptr<Connection>> members(static_cast<size_t>(options_.size));
  std::string refused;
  for (int missing = options_.size - 1; missing > 0;) {
    Result<std::unique_ptr<Connection>> connection = listener_->Accept(deadline);
    if (!connection.ok()) {
      if (connection.error().code() != StatusCode::kDeadline) {
        return connection.error().Wrap("[parallel] wait for members");
      }
      std::string absent;
      for (size_t r = 1; r < members.size(); ++r) {
        if (!members[r]) absent += StrCat(absent.empty() ? "" : ", ", r);
      }
      return Status(StatusCode::kDeadline,
                    StrCat("[parallel] within ", static_cast<int64_t>(Seconds(options_.join_timeout)),
                           " s not all of ", options_.size, " members came; missing: ", absent,
                           refused.empty() ? "" : StrCat("; refused: ", refused)));
    }
    Result<int> rank =
        Admit(**connection, members, std::min(deadline, clock.Now() + kHandshakeTimeout));
    if (!rank.ok()) {
      refused = rank.error().message();
      continue;
    }
    members[static_cast<size_t>(*rank)] = std::move(*connection);
    --missing;
  }
  return std::unique_ptr<Communicator>(
      std::make_unique<Hub>(options_, stop_, std::move(members)));
}

Result<std::unique_ptr<collective::Communicator>> JoinGroup(const GroupOptions& options) {
  PANO_RETURN_IF_ERROR(CheckOptions(options));
  PANO_CHECK(options.rank > 0);
  std::stop_source stop;
  const TimePoint deadline = options.transport->clock().Now() + options.join_timeout;
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<Connection> hub,
                        DialHub(options, deadline, stop.get_token()));
  const std::string who = StrCat("[parallel] member 0 at ", options.address);
  PANO_ASSIGN_OR_RETURN(const std::string first,
                        ReadText(*hub, kChallengeBytes, deadline).Wrap(who));
  PANO_ASSIGN_OR_RETURN(const Challenge challenge, DecodeChallenge(first).Wrap(who));
  Hello hello;
  hello.nonce = FreshNonce();
  hello.rank = static_cast<uint32_t>(options.rank);
  hello.size = static_cast<uint32_t>(options.size);
  hello.fingerprint = DigestOf(options.fingerprint);
  hello.proof = HelloProof(options.secret, challenge, hello);
  PANO_RETURN_IF_ERROR(hub->WriteAll(BytesOf(Encode(hello)), deadline).Wrap(who));
  PANO_ASSIGN_OR_RETURN(const std::string head,
                        ReadText(*hub, kWelcomeHeadBytes, deadline).Wrap(who));
  uint32_t refusal_bytes = 0;
  PANO_ASSIGN_OR_RETURN(const Welcome welcome,
                        DecodeWelcomeHead(head, &refusal_bytes).Wrap(who));
  if (refusal_bytes > 0) {
    PANO_ASSIGN_OR_RETURN(const std::string why, ReadText(*hub, refusal_bytes, deadline).Wrap(who));
    return InvalidArgument(StrCat(who, " refuses: ", Printable(why, kRefusalBytesMax)));
  }
  if (!SameDigest(welcome.proof, WelcomeProof(options.secret, challenge, hello))) {
    return Status(StatusCode::kUnauthenticated, StrCat(who, ": does not know the run's secret"));
  }
  return std::unique_ptr<Communicator>(
      std::make_unique<Member>(options, std::move(stop), std::move(hub)));
}

}  // namespace pano::train
