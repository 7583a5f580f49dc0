// tinyhttp/files/listing_order.hpp -- the order of a directory listing.
//
// Pure: entries and a query in, entries in order out. Knows no page.
#pragma once

#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/owned_list.hpp>
#include <tinyhttp/core/small_vector.hpp>
#include <tinyhttp/files/stamp.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttp::files {

/// What entries of a directory are sorted by.
enum class sort_key : std::uint8_t { name, size, time };

/// How a listing is sorted; directories always come first, and equal entries are sorted by name.
struct listing_order {
  sort_key key = sort_key::name;
  bool descending = false;

  friend bool operator==(const listing_order&, const listing_order&) = default;
};

/// Parses `sort=name|size|time` and `order=asc|desc` from a query; anything else is ignored.
[[nodiscard]] constexpr listing_order parse_order(std::string_view query) noexcept;

template <class Entry = entry>  // compiled only where it is used
void sort_entries(std::vector<Entry>& entries, listing_order order);

namespace detail {

/// An entry with a number that sorts as it does, as far as 63 bits can tell; names decide the rest.
/// Numbers spare the sort from visiting names all over the memory.
struct sort_item {
  std::uint64_t key = 0;
  entry* of = nullptr;
};
using sort_items = small_vector<sort_item, 16>;

}  // namespace detail

/// Takes entries in slices and returns them in order. Each slice is sorted separately, and slices are merged on
/// output, so no step costs more than one slice, however many entries there are.
class sorted_slices {
 public:
  explicit sorted_slices(listing_order order) noexcept : order_(order) {}

  /// Adds a slice. Not after the first `next`.
  void add(owned_list<entry> slice);
  /// The next entry in order, which may be modified; null if there are no more. Valid until the next call.
  [[nodiscard]] entry* next();

 private:
  struct run {
    owned_list<entry> entries;
    detail::sort_items sorted = {};  // the same in order
    std::size_t at = 0;
    std::uint64_t key = 0;  // of the front; the runs' keys can be compared once merging has begun
    [[nodiscard]] const entry& front() const noexcept { return *sorted[at].of; }
  };
  void set_key(run& of) const noexcept;
  [[nodiscard]] bool is_before(const run& a, const run& b) const noexcept;
  void sift_down(std::size_t at) noexcept;

  listing_order order_;
  owned_list<run> heap_;     // the one whose front comes first is in front, once merging has begun
  owned<run> spent_;         // what `next` showed last is in it, or in front
  std::size_t common_ = 0;   // octets that all names begin with alike, so far
  bool merging_ = false;
};

// ---------------------------------------------------------------------------------------------

namespace detail {

/// With how many octets of `first` all names begin.
[[nodiscard]] inline std::size_t common_prefix(const sort_items& items, std::string_view first) noexcept {
  std::size_t common = first.size();
  for (const auto& item : items) {
    const std::string_view name = item.of->name;
    for (std::size_t i = 0; i < common; ++i)
      if (i == name.size() || name[i] != first[i]) common = i;
  }
  return common;
}

/// The eight octets of `name` from `at` on, as a number.
[[nodiscard]] inline std::uint64_t name_key(std::string_view name, std::size_t at) noexcept {
  std::uint64_t key = 0;
  for (std::size_t i = at; i < at + 8; ++i)
    key = key << 8 | (i < name.size() ? static_cast<unsigned char>(name[i]) : 0U);
  return key;
}

[[nodiscard]] inline std::uint64_t sort_key_of(const entry& e, listing_order order, std::size_t common) noexcept {
  constexpr std::uint64_t low_bits = ~std::uint64_t{0} >> 1;
  constexpr std::int64_t far = std::int64_t{1} << 61;  // seconds: beyond any file system
  std::uint64_t key = 0;
  switch (order.key) {
    case sort_key::name: key = name_key(e.name, common) >> 1; break;
    case sort_key::size: key = e.size < low_bits ? e.size : low_bits; break;
    case sort_key::time:
      key = static_cast<std::uint64_t>((e.modified < -far ? -far : e.modified > far ? far : e.modified) + far);
  }
  if (order.descending) key = low_bits - key;
  return e.is_directory ? key : key | ~low_bits;  // directories first, either way
}

template <bool Descending>
[[nodiscard]] int compare_items(const void* left, const void* right) noexcept {
  const auto& a = *static_cast<const sort_item*>(left);
  const auto& b = *static_cast<const sort_item*>(right);
  if (a.key != b.key) return a.key < b.key ? -1 : 1;
  const int by_name = a.of->name.compare(b.of->name);
  return Descending ? -by_name : by_name;
}

/// Puts the items in order, whose entries are set and whose names begin with `common` octets alike.
inline void sort(sort_items& items, listing_order order, std::size_t common) noexcept {
  for (auto& item : items) item.key = sort_key_of(*item.of, order, common);
  const bool backwards = order.key == sort_key::name && order.descending;
  std::qsort(items.data(), items.size(), sizeof(sort_item), backwards ? compare_items<true> : compare_items<false>);
}

}  // namespace detail

[[gnu::cold]] constexpr listing_order parse_order(std::string_view query) noexcept {
  listing_order order;
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto pair = query.substr(0, end);
    query.remove_prefix(end == query.npos ? query.size() : end + 1);
    if (pair == "sort=name") order.key = sort_key::name;
    if (pair == "sort=size") order.key = sort_key::size;
    if (pair == "sort=time") order.key = sort_key::time;
    if (pair == "order=asc") order.descending = false;
    if (pair == "order=desc") order.descending = true;
  }
  return order;
}

template <class Entry>
void sort_entries(std::vector<Entry>& entries, listing_order order) {
  detail::sort_items items;  // std::qsort wants what memcpy may move
  items.reserve(entries.size());
  for (auto& e : entries) items.push_back({0, &e});
  detail::sort(items, order, entries.empty() ? 0 : detail::common_prefix(items, entries[0].name));
  std::vector<Entry> sorted;
  sorted.reserve(entries.size());
  for (const auto& item : items) sorted.push_back(std::move(*item.of));
  entries = std::move(sorted);
}

inline void sorted_slices::add(owned_list<entry> slice) {
  if (slice.empty()) return;
  owned<run> added(new run{std::move(slice)});
  added->sorted.reserve(added->entries.size());
  for (auto& e : added->entries) added->sorted.push_back({0, &e});
  const std::string_view first = (heap_.empty() ? *added : heap_[0]).entries[0].name;
  const std::size_t common = detail::common_prefix(added->sorted, first);
  if (heap_.empty() || common < common_) common_ = common;
  detail::sort(added->sorted, order_, common_);
  heap_.push_back(std::move(added));
}

inline void sorted_slices::set_key(run& of) const noexcept {
  of.key = detail::sort_key_of(of.front(), order_, common_);
}

/// As `sort_entries` has it.
inline bool sorted_slices::is_before(const run& a, const run& b) const noexcept {
  if (a.key != b.key) return a.key < b.key;
  const int by_name = a.front().name.compare(b.front().name);
  return order_.key == sort_key::name && order_.descending ? by_name > 0 : by_name < 0;
}

inline void sorted_slices::sift_down(std::size_t at) noexcept {
  for (std::size_t child = 2 * at + 1; child < heap_.size(); child = 2 * at + 1) {
    if (child + 1 < heap_.size() && is_before(heap_[child + 1], heap_[child])) ++child;
    if (!is_before(heap_[child], heap_[at])) return;
    heap_.swap(child, at);
    at = child;
  }
}

inline entry* sorted_slices::next() {
  if (!std::exchange(merging_, true)) {
    for (std::size_t i = 0; i < heap_.size(); ++i) set_key(heap_[i]);
    for (std::size_t i = heap_.size() / 2; i-- > 0;) sift_down(i);
  }
  spent_.reset();
  if (heap_.empty()) return nullptr;
  run& first = heap_[0];
  entry* const given = first.sorted[first.at++].of;
  if (first.at == first.sorted.size()) spent_ = heap_.take(0);
  else set_key(first);
  sift_down(0);
  return given;
}

}  // namespace tinyhttp::files
