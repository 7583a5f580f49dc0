// tinyhttp/files/cache.hpp -- small files kept in memory, as long as they are what is on disk.
//
// Knows stamps, not files: who asks compares the stamp with the disk's before each use.
#pragma once

#include <tinyhttp/files/directory.hpp>
#include <tinyhttp/files/plan.hpp>
#include <tinyhttp/http/fields.hpp>

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace tinyhttp::files {

/// Bounds of a cache. Large files are not worth keeping: opening one costs nothing beside sending
/// it, and a descriptor that is kept holds the space of a file that was deleted.
struct cache_limits {
  std::size_t octets = std::size_t{16} << 20;   // in all; 0: no cache
  std::size_t largest = std::size_t{64} << 10;  // octets of one file: what one gather write takes
  std::size_t files = 4096;                     // entries, however small
};

/// A file as it was when its stamp was taken.
struct kept_file {
  file_stamp stamp;
  facts known;
  fields whole;  // of a 200
  std::shared_ptr<const std::string> octets;
};

/// The files used last, by name. Any thread.
class cache {
 public:
  explicit cache(cache_limits limits) : limits_(limits) {}

  /// A file of `octets` is worth an entry.
  [[nodiscard]] bool takes(std::uint64_t octets) const noexcept {
    return octets <= limits_.largest && octets <= limits_.octets && limits_.octets != 0 &&
           limits_.files != 0;
  }

  /// What is kept under that name, which becomes the one used last; null when there is nothing.
  [[nodiscard]] std::shared_ptr<const kept_file> find(std::string_view name);

  /// Keeps `file` under that name, in place of what was; forgets those not used for longest.
  void keep(std::string name, std::shared_ptr<const kept_file> file);

  void forget(std::string_view name);

 private:
  struct node {
    std::string name;
    std::shared_ptr<const kept_file> file;
  };
  using position = std::list<node>::iterator;

  [[nodiscard]] static std::size_t weight(const node& n) noexcept {
    return n.file->octets->size() + 2 * n.name.size() + sizeof(node) + sizeof(kept_file);
  }
  void remove(position at);

  cache_limits limits_;
  std::mutex mutex_;  // guards what follows
  std::list<node> recent_;
  std::unordered_map<std::string_view, position> by_name_;  // views into the nodes
  std::size_t octets_ = 0;
};

// ---------------------------------------------------------------------------------------------

inline std::shared_ptr<const kept_file> cache::find(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return nullptr;
  recent_.splice(recent_.begin(), recent_, found->second);
  return found->second->file;
}

inline void cache::keep(std::string name, std::shared_ptr<const kept_file> file) {
  const std::lock_guard lock(mutex_);
  if (const auto old = by_name_.find(name); old != by_name_.end()) remove(old->second);
  recent_.push_front({std::move(name), std::move(file)});
  by_name_.emplace(recent_.front().name, recent_.begin());
  octets_ += weight(recent_.front());
  while (!recent_.empty() && (octets_ > limits_.octets || recent_.size() > limits_.files))
    remove(std::prev(recent_.end()));
}

inline void cache::forget(std::string_view name) {
  const std::lock_guard lock(mutex_);
  if (const auto old = by_name_.find(name); old != by_name_.end()) remove(old->second);
}

inline void cache::remove(position at) {
  octets_ -= weight(*at);
  by_name_.erase(at->name);
  recent_.erase(at);
}

}  // namespace tinyhttp::files
