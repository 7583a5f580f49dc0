// tinyhttp/files/cache.hpp -- files kept in memory or open while they match the disk.
//
// Knows stamps, not files: callers compare the stamp with the disk before each use.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/atomic.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/mutex.hpp>
#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/owned_list.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/core/small_vector.hpp>
#include <tinyhttp/files/directory.hpp>
#include <tinyhttp/files/plan.hpp>
#include <tinyhttp/http/fields.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp::files {

/// Bounds on what is kept. Copying a small file is cheaper than sending it from the disk's pages, a larger one is
/// kept open. Large files are not worth keeping: opening one costs nothing beside sending it, and a descriptor that
/// is kept holds the space of a file that was deleted: 64 MiB in all, at most.
struct cache_limits {
  std::size_t octets = std::size_t{16} << 20;       // in memory; 0: nothing is kept, nor kept open
  std::size_t largest = std::size_t{16} << 10;      // octets of a file in memory
  std::size_t largest_open = std::size_t{1} << 20;  // octets of a file that is kept open
  std::size_t files = 16 * 1024;                    // in memory, however small
  std::size_t open = 1024;  // files kept open; never more than an eighth of the descriptors that the process may have
};

/// A file, or a directory (which has neither octets nor content), in the state of its stamp.
struct kept_file {
  std::string name = {};  // beneath the root
  bool is_escaped = false;  // in a path: the name holds a `%`
  file_stamp stamp = {};
  facts known = {};
  fields whole = {};  // of a 200
  shared<const std::string> octets = {};      // or
  shared<const content_source> content = {};  // open

  /// Until then the disk need not be looked at again. Any thread.
  [[nodiscard]] time_point trusted_until() const noexcept {
    return time_point(duration(trusted_.load(threading::memory_order::relaxed)));
  }
  void trust_until(time_point when) const noexcept {
    trusted_.store(when.time_since_epoch().count(), threading::memory_order::relaxed);
  }

 private:
  mutable threading::atomic<duration::rep> trusted_{duration::min().count()};
};

/// The most recently used files, by name: in memory, or open ones, by their size on disk. It uses `octets`, `largest`
/// and `files` of `limits`. Any thread.
class cache {
 public:
  explicit cache(cache_limits limits) : limits_(limits) {}

  /// A file of `octets` is worth an entry.
  [[nodiscard]] bool takes(std::uint64_t octets) const noexcept {
    return octets <= limits_.largest && octets <= limits_.octets && limits_.octets != 0 &&
           limits_.files != 0;
  }

  /// The file kept under that name, which becomes the most recently used; null if there is none.
  [[nodiscard]] shared<const kept_file> find(std::string_view name);

  /// Keeps `file` under that name, in place of an earlier one; drops the least recently used ones.
  [[gnu::cold]] void keep(std::string name, shared<const kept_file> file);

  void forget(std::string_view name);

 private:
  using index = std::uint32_t;
  static constexpr index none = 0xffff'ffff;

  struct node {
    std::string name;
    shared<const kept_file> file;  // null: the node is free
    index in_bucket = none;                 // the next of its bucket; of free nodes, the next free
    index newer = none, older = none;       // neighbours by time of use

    [[nodiscard]] bool is_named(std::string_view wanted) const noexcept {
      return name.size() == wanted.size() && ascii::detail::same_octets(name.data(), wanted.data(), wanted.size());
    }
  };

  [[nodiscard]] static std::size_t weight(const node& n) noexcept {
    const auto size = static_cast<std::size_t>(n.file->known.size);
    if (n.file->content) return size;  // of the disk
    return size + 2 * (n.name.size() + n.file->name.size()) + sizeof(node) + sizeof(kept_file);
  }
  [[nodiscard]] index& bucket(std::string_view name) noexcept {
    return buckets_[ascii::detail::hash_of(name) & (buckets_.size() - 1)];
  }
  [[nodiscard]] index look_up(std::string_view name) noexcept;
  [[nodiscard]] index take_free_node();
  void put_first(index at) noexcept;
  void put_in_bucket(index at) noexcept;
  void take_out_of_order(index at) noexcept;
  void remove(index at) noexcept;
  [[gnu::cold]] void grow_buckets();

  cache_limits limits_;
  std::mutex mutex_;  // guards what follows
  owned_list<node> nodes_;
  small_vector<index, 1> buckets_;  // the first node of each; their number is a power of two, or 0
  index free_ = none;
  index newest_ = none, oldest_ = none;
  std::size_t count_ = 0;
  std::size_t octets_ = 0;
};

// ---------------------------------------------------------------------------------------------

inline shared<const kept_file> cache::find(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const index at = look_up(name);
  if (at == none) return nullptr;
  if (at != newest_) {
    take_out_of_order(at);
    put_first(at);
  }
  return nodes_[at].file;
}

inline void cache::keep(std::string name, shared<const kept_file> file) {
  const std::lock_guard lock(mutex_);
  if (const index old = look_up(name); old != none) remove(old);
  if (count_ == buckets_.size()) grow_buckets();
  const index at = take_free_node();
  node& n = nodes_[at];
  n.name = std::move(name);
  n.file = std::move(file);
  put_in_bucket(at);
  put_first(at);
  ++count_;
  octets_ += weight(n);
  while (count_ > 0 && (octets_ > limits_.octets || count_ > limits_.files)) remove(oldest_);
}

inline void cache::forget(std::string_view name) {
  const std::lock_guard lock(mutex_);
  if (const index old = look_up(name); old != none) remove(old);
}

inline cache::index cache::look_up(std::string_view name) noexcept {
  if (buckets_.empty()) return none;
  index at = bucket(name);
  while (at != none && !nodes_[at].is_named(name)) at = nodes_[at].in_bucket;
  return at;
}

inline cache::index cache::take_free_node() {
  if (free_ == none) {
    nodes_.push_back(owned<node>(new node));
    return static_cast<index>(nodes_.size() - 1);
  }
  const index at = free_;
  free_ = nodes_[at].in_bucket;
  return at;
}

inline void cache::put_in_bucket(index at) noexcept {
  index& first = bucket(nodes_[at].name);
  nodes_[at].in_bucket = first;
  first = at;
}

inline void cache::put_first(index at) noexcept {
  nodes_[at].newer = none;
  nodes_[at].older = newest_;
  (newest_ == none ? oldest_ : nodes_[newest_].newer) = at;
  newest_ = at;
}

inline void cache::take_out_of_order(index at) noexcept {
  const node& n = nodes_[at];
  (n.newer == none ? newest_ : nodes_[n.newer].older) = n.older;
  (n.older == none ? oldest_ : nodes_[n.older].newer) = n.newer;
}

inline void cache::remove(index at) noexcept {
  node& n = nodes_[at];
  octets_ -= weight(n);
  --count_;
  take_out_of_order(at);
  index* link = &bucket(n.name);
  while (*link != at) link = &nodes_[*link].in_bucket;
  *link = n.in_bucket;
  n.name.clear();
  n.file.reset();
  n.in_bucket = free_;
  free_ = at;
}

/// Twice as many buckets; every node goes to its new one.
inline void cache::grow_buckets() {
  const std::size_t count = buckets_.empty() ? 16 : 2 * buckets_.size();
  buckets_.reserve(count);  // if that throws, nothing has changed
  buckets_.clear();
  std::memset(buckets_.extend(count), 0xff, count * sizeof(index));  // `none`, each of them
  for (index at = newest_; at != none; at = nodes_[at].older)
    put_in_bucket(at);
}

}  // namespace tinyhttp::files
