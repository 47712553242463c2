#include "base/mapped_file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "base/errno_status.h"
#include "base/mutex.h"
#include "base/strings.h"

namespace pano {
namespace {

// Closes the descriptor that it holds.
struct FileDescriptor {
  int fd;
  ~FileDescriptor() {
    if (fd >= 0) ::close(fd);
  }
};

Status Cannot(const std::string& path, std::string_view action, int error) {
  return ErrnoStatus(error).Wrap(StrCat(path, ": cannot ", action));
}

// The mappings, as a signal handler may read them: no lock, no allocation.
struct Slot {
  std::atomic<bool> taken{false};
  std::atomic<uintptr_t> begin{0};   // 0: nothing is mapped
  std::atomic<uintptr_t> end{0};
  std::atomic<const char*> path{nullptr};   // the MappedFile's, while it is mapped
  std::atomic<bool> faulted{false};
};
constexpr size_t kSlots = 4096;
std::array<Slot, kSlots> g_slots;
uintptr_t g_page_bytes = 4096;
struct sigaction g_before;

std::atomic<bool> g_survives{false};   // else a fault ends the process, with a line from g_speaker
std::array<char, 64> g_speaker;        // who says so; constant once the handler stands
constexpr std::string_view kCutShort = ": the file was cut short while it was in use\n";

// Every file that was opened and may still be, with its number.
struct Opened {
  Mutex mu;
  uint64_t count PANO_GUARDED_BY(mu) = 0;
  std::vector<std::pair<uint64_t, std::weak_ptr<const MappedFile>>> files PANO_GUARDED_BY(mu);
};
Opened& TheOpened() {
  static Opened& opened = *new Opened();   // outlives whatever is destroyed last
  return opened;
}

void Remember(const std::shared_ptr<const MappedFile>& file) {
  Opened& opened = TheOpened();
  MutexLock lock(opened.mu);
  std::erase_if(opened.files, [](const auto& entry) { return entry.second.expired(); });
  opened.files.emplace_back(++opened.count, file);
}

size_t TakeSlot(const std::byte* data, size_t size, const char* path) {
  for (size_t i = 0; i < kSlots; ++i) {
    Slot& slot = g_slots[i];
    if (slot.taken.exchange(true)) continue;
    slot.faulted = false;
    slot.path = path;
    slot.end = reinterpret_cast<uintptr_t>(data) + size;
    slot.begin = reinterpret_cast<uintptr_t>(data);
    return i;
  }
  return SIZE_MAX;
}

void FreeSlot(size_t i) {
  if (i == SIZE_MAX) return;
  g_slots[i].begin = 0;
  g_slots[i].taken = false;
}

Slot* SlotOf(uintptr_t address) {
  for (Slot& slot : g_slots) {
    const uintptr_t begin = slot.begin;
    if (begin != 0 && address >= begin && address < (slot.end + g_page_bytes - 1) / g_page_bytes * g_page_bytes) {
      return &slot;
    }
  }
  return nullptr;
}

void Say(const char* text, size_t length) { (void)!::write(STDERR_FILENO, text, length); }

// Async-signal-safe: system calls only. The first thread to come speaks and ends the process.
[[noreturn]] void EndWithAWord(const char* path) {
  static std::atomic<bool> speaking{false};
  while (speaking.exchange(true)) ::pause();
  if (::isatty(STDERR_FILENO)) Say("\n", 1);   // behind what stands in the line, such as progress
  Say(g_speaker.data(), std::strlen(g_speaker.data()));
  Say(": ", 2);
  Say(path, std::strlen(path));
  Say(kCutShort.data(), kCutShort.size());
  ::_exit(1);
}

// Async-signal-safe: atomics and system calls. For those who survive, the page that is gone becomes one
// of zeros, and the instruction that wanted it runs again.
void OnBusError(int signal, siginfo_t* info, void* context) {
  const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
  Slot* const slot = info->si_code == BUS_ADRERR ? SlotOf(address) : nullptr;
  if (slot != nullptr) {
    slot->faulted = true;
    if (!g_survives) EndWithAWord(slot->path);
    void* const page = reinterpret_cast<void*>(address / g_page_bytes * g_page_bytes);
    const void* const zeros = ::mmap(page, g_page_bytes, PROT_READ,
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (zeros != MAP_FAILED) return;
  }
  if ((g_before.sa_flags & SA_SIGINFO) != 0 && g_before.sa_sigaction != nullptr) {
    return g_before.sa_sigaction(signal, info, context);
  }
  // No more of this: the instruction faults again and the process ends as it would have.
  ::signal(signal, SIG_DFL);
  if (info->si_code <= 0) (void)::raise(signal);   // sent by somebody: it would not come again
}

void HandleBusErrors() {
  static std::atomic<bool> done{false};
  if (done.exchange(true)) return;
  g_page_bytes = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  struct sigaction action {};
  action.sa_sigaction = &OnBusError;
  action.sa_flags = SA_SIGINFO;
  ::sigemptyset(&action.sa_mask);
  (void)::sigaction(SIGBUS, &action, &g_before);
}

}  // namespace

void MappedFile::SurviveFaults() {
  g_survives = true;
  HandleBusErrors();
}

void MappedFile::EndAtFaults(std::string_view speaker) {
  speaker = speaker.substr(0, g_speaker.size() - 1);
  g_speaker.fill('\0');
  std::copy(speaker.begin(), speaker.end(), g_speaker.begin());
  HandleBusErrors();
}

Result<std::shared_ptr<const MappedFile>> MappedFile::Open(const std::string& path) {
  FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.fd < 0) return Cannot(path, "open", errno);
  struct stat info{};
  if (::fstat(file.fd, &info) != 0) return Cannot(path, "stat", errno);
  if (!S_ISREG(info.st_mode)) return Corruption(StrCat(path, ": is not a regular file"));
  std::shared_ptr<MappedFile> mapped(new MappedFile());
  mapped->path_ = path;
  mapped->size_ = static_cast<size_t>(info.st_size);
  mapped->identity_ = {info.st_dev, info.st_ino, info.st_size, info.st_mtim.tv_sec,
                       info.st_mtim.tv_nsec};
  if (mapped->size_ > 0) {
    void* data = ::mmap(nullptr, mapped->size_, PROT_READ, MAP_PRIVATE, file.fd, 0);
    if (data == MAP_FAILED) return Cannot(path, "map", errno);
    mapped->data_ = static_cast<const std::byte*>(data);
    mapped->slot_ = TakeSlot(mapped->data_, mapped->size_, mapped->path_.c_str());
  }
  Remember(mapped);
  return std::shared_ptr<const MappedFile>(std::move(mapped));
}

uint64_t MappedFile::OpenedCount() {
  Opened& opened = TheOpened();
  MutexLock lock(opened.mu);
  return opened.count;
}

std::vector<std::weak_ptr<const MappedFile>> MappedFile::OpenedAfter(uint64_t count) {
  Opened& opened = TheOpened();
  MutexLock lock(opened.mu);
  std::vector<std::weak_ptr<const MappedFile>> files;
  for (const auto& [number, file] : opened.files) {
    if (number > count && !file.expired()) files.push_back(file);
  }
  return files;
}

bool MappedFile::faulted() const { return slot_ != SIZE_MAX && g_slots[slot_].faulted; }

Status MappedFile::CheckUnchanged() const {
  const auto changed = [&](std::string_view how) {
    return Status(StatusCode::kUnavailable,
                  StrCat(path_, ": the file was ", how, " while it was in use"))
        .WithReason("model_file_changed");
  };
  if (faulted()) return changed("cut short");
  struct stat info{};
  if (::stat(path_.c_str(), &info) != 0) return {};   // its name has gone, the file has not
  const Identity now{info.st_dev, info.st_ino, info.st_size, info.st_mtim.tv_sec,
                     info.st_mtim.tv_nsec};
  if (now.device != identity_.device || now.inode != identity_.inode || now == identity_) return {};
  return changed(now.bytes < identity_.bytes ? "cut short" : "overwritten");
}

MappedFile::~MappedFile() {
  FreeSlot(slot_);
  if (data_) ::munmap(const_cast<std::byte*>(data_), size_);
}

void MappedFile::Forget(std::span<const std::byte> part) const {
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto start = reinterpret_cast<uintptr_t>(data_);
  uintptr_t begin = reinterpret_cast<uintptr_t>(part.data()), end = begin + part.size();
  begin = (std::max(begin, start) + page - 1) / page * page;
  end = std::min(end, start + size_) / page * page;
  if (!data_ || begin >= end) return;
  // Advice: nothing depends on it.
  (void)::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

}  // namespace pano
