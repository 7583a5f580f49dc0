// tinyhttp/files/listing_order.hpp -- in which order the entries of a directory are shown.
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

enum class sort_key : std::uint8_t { name, size, time };

/// How a listing is sorted; directories always come first, and names decide between equals.
struct listing_order {
  sort_key key = sort_key::name;
  bool descending = false;

  friend bool operator==(const listing_order&, const listing_order&) = default;
};

/// Reads `sort=name|size|time` and `order=asc|desc` from a query; anything else is ignored.
[[nodiscard]] constexpr listing_order parse_order(std::string_view query) noexcept;

inline void sort_entries(std::vector<entry>& entries, listing_order order);

/// Entries that come in slices and go out in order. Each slice is sorted by itself, and they are
/// merged as they go: no step costs more than a slice, however many entries there are.
class sorted_slices {
 public:
  explicit sorted_slices(listing_order order) noexcept : order_(order) {}

  /// Takes a slice in. Not after the first `next`.
  void add(std::vector<entry> slice);
  /// The next in order, to be changed at will; null when there are no more. Until the next call.
  [[nodiscard]] entry* next();

 private:
  struct run {
    std::vector<entry> entries;
    std::size_t at = 0;
    [[nodiscard]] const entry& front() const noexcept { return entries[at]; }
  };
  [[nodiscard]] bool is_before(const run& a, const run& b) const noexcept;
  void sift_down(std::size_t at) noexcept;

  listing_order order_;
  owned_list<run> heap_;  // the one whose front comes first is in front, once merging has begun
  entry given_ = {};  // what `next` showed last
  bool merging_ = false;
};

// ---------------------------------------------------------------------------------------------

namespace detail {

/// An entry with a number that sorts as it does, as far as 63 bits can tell; names decide the rest.
/// Numbers spare the sort from visiting names all over the memory.
struct sort_item {
  std::uint64_t key = 0;
  entry* of = nullptr;
};

/// How many octets all names begin with alike.
[[nodiscard]] inline std::size_t common_prefix(const std::vector<entry>& entries) noexcept {
  const std::string_view first = entries.front().name;
  std::size_t common = first.size();
  for (const auto& e : entries)
    for (std::size_t i = 0; i < common; ++i)
      if (i == e.name.size() || e.name[i] != first[i]) common = i;
  return common;
}

/// The eight octets of `name` from `at` on, as a number.
[[nodiscard]] inline std::uint64_t name_key(std::string_view name, std::size_t at) noexcept {
  std::uint64_t key = 0;
  for (std::size_t i = at; i < at + 8; ++i)
    key = key << 8 | (i < name.size() ? static_cast<unsigned char>(name[i]) : 0U);
  return key;
}

[[nodiscard]] inline std::uint64_t sort_key_of(const entry& e, listing_order order,
                                               std::size_t common) noexcept {
  constexpr std::uint64_t low_bits = ~std::uint64_t{0} >> 1;
  constexpr std::int64_t far = std::int64_t{1} << 61;  // seconds: beyond any file system
  std::uint64_t key = 0;
  switch (order.key) {
    case sort_key::name: key = name_key(e.name, common) >> 1; break;
    case sort_key::size: key = e.size < low_bits ? e.size : low_bits; break;
    case sort_key::time:
      key = static_cast<std::uint64_t>(
          (e.modified < -far ? -far : e.modified > far ? far : e.modified) + far);
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

inline void sort_entries(std::vector<entry>& entries, listing_order order) {
  if (entries.empty()) return;
  const std::size_t common = order.key == sort_key::name ? detail::common_prefix(entries) : 0;
  small_vector<detail::sort_item, 16> items;  // std::qsort wants what memcpy may move
  items.reserve(entries.size());
  for (auto& e : entries) items.push_back({detail::sort_key_of(e, order, common), &e});
  const bool backwards = order.key == sort_key::name && order.descending;
  std::qsort(items.data(), items.size(), sizeof(detail::sort_item),
             backwards ? detail::compare_items<true> : detail::compare_items<false>);
  std::vector<entry> sorted;
  sorted.reserve(entries.size());
  for (const auto& item : items) sorted.push_back(std::move(*item.of));
  entries = std::move(sorted);
}

inline void sorted_slices::add(std::vector<entry> slice) {
  if (slice.empty()) return;
  sort_entries(slice, order_);
  heap_.push_back(owned<run>(new run{std::move(slice)}));
}

/// As `sort_entries` has it.
[[gnu::noinline]] inline bool sorted_slices::is_before(const run& a, const run& b) const noexcept {
  const auto left = detail::sort_key_of(a.front(), order_, 0);
  const auto right = detail::sort_key_of(b.front(), order_, 0);
  if (left != right) return left < right;
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
  if (!std::exchange(merging_, true))
    for (std::size_t i = heap_.size() / 2; i-- > 0;) sift_down(i);
  if (heap_.empty()) return nullptr;
  run& first = heap_[0];
  given_ = std::move(first.entries[first.at++]);
  if (first.at == first.entries.size()) {
    const auto done = heap_.take(0);
  }
  sift_down(0);
  return &given_;
}

}  // namespace tinyhttp::files
