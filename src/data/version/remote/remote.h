#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"

namespace pano::remote {

// What is to be put: a file of the machine and what it must hold.
struct PutSource {
  std::string path;
  uint64_t bytes = 0;
  std::string
      md5;  // 32 hexadecimal digits: nothing else becomes visible under the key; "" = not known
};

// Where objects are kept besides the cache: a folder, a bucket, a web server. A key is a path below
// the remote's root, '/' between its parts ("files/md5/ab/cdef..."); nobody else's keys are looked
// at. Thread-safe.
//
// A failure names the remote and the key. Unavailable, Deadline and Exhausted with the reason
// "rate_limit" may end better when tried again; whether that was tried already is the remote's
// word.
class Remote {
 public:
  virtual ~Remote() = default;

  // Whether each of `keys` is there, in their order. Asks for one by one or lists, whatever is less
  // work.
  virtual Result<std::vector<bool>> Exists(const std::vector<std::string>& keys,
                                           const std::stop_token& stop) = 0;

  struct Entry {
    std::string key;
    uint64_t bytes = 0;
  };
  // Every key that begins with `prefix`, in no order. Unimplemented where a remote cannot list.
  using OnEntry = std::function<Status(const Entry& entry)>;
  virtual Status List(const std::string& prefix, const OnEntry& on_entry,
                      const std::stop_token& stop) = 0;

  // Receives bytes of an object in their order. `offset` is where `bytes` stand in it: 0 after a
  // first piece means that the remote begins anew, and what came before is to be forgotten.
  using OnBytes = std::function<Status(uint64_t offset, std::span<const std::byte> bytes)>;
  // The object from `offset` on. NotFound when it is not there. What arrives is not trusted: the
  // caller hashes it.
  virtual Status Get(const std::string& key, uint64_t offset, const OnBytes& on_bytes,
                     const std::stop_token& stop) = 0;

  // Stores the file under the key, in one step: another reader sees the whole object or none.
  // Corruption when the file is not what `source` says.
  virtual Status Put(const std::string& key, const PutSource& source,
                     const std::stop_token& stop) = 0;

  // Ok also when it is not there.
  virtual Status Remove(const std::string& key, const std::stop_token& stop) = 0;

  // For messages: the URL without secrets.
  virtual std::string Name() const = 0;
  // How many calls at once make sense.
  virtual int jobs_hint() const = 0;
};

}  // namespace pano::remote
