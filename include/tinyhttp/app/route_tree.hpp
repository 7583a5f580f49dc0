// tinyhttp/app/route_tree.hpp -- path patterns as a tree of segments, to find those that match a path.
//
// The cost of a lookup depends on the path, not on the number of patterns: no regular expression, no recursion, no
// allocation. Literal patterns are found as whole paths, too, without a walk. Knows neither methods nor handlers; a
// pattern is a number to it.
#pragma once

#include <tinyhttp/app/route_pattern.hpp>
#include <tinyhttp/http/percent.hpp>
#include <tinyhttp/http/request.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttp {

/// Patterns that are added once, and then looked up by any number of threads.
class route_tree {
 public:
  using place = std::uint32_t;  // a pattern's end; patterns that fit the same paths share it

  /// Where a path ended up. `rest_at` is where in the path the rest segment begins.
  struct hit {
    place at;
    std::size_t rest_at;
  };

  route_tree() : nodes_(1) {}

  /// Places are numbered from 0 without great gaps: `size()` is above them all.
  place add(const route_pattern& pattern);
  [[nodiscard]] std::size_t size() const noexcept { return nodes_.size(); }

  /// The place of the pattern that equals `path` octet for octet, undecoded: it has literal segments only, so it is
  /// the most specific match. `none` if there is no such pattern.
  [[nodiscard]] place literal(std::string_view path) const noexcept;
  static constexpr place none = 0;  // the root, which is nobody's child

  /// False: no pattern matches `path`, judging by the first octet of its first segment. True: one may.
  [[nodiscard]] bool may_fit(std::string_view path) const noexcept {
    return path.size() < 2 || (first_octets_ & bit_of(path[1])) != 0;
  }

  /// Calls `visit(hit)` for the patterns that match `path`, the most specific first, until it returns true. The first
  /// segment in which two patterns differ decides: literal beats named beats rest. `path` begins with a slash and has
  /// well-formed escapes. If a more specific branch has no match, the search goes back; it looks at each place at
  /// most once, and usually at one only.
  template <class Visit>
  void search(std::string_view path, Visit&& visit) const;

  /// Adds the values of `names` to `into`, decoded. False if a value is unsafe: with a NUL, a slash at the beginning,
  /// or `.` or `..` between slashes or backslashes, escaped or not; in a named rest segment also with a `%2F`, which
  /// decoding would turn into a separator. Elsewhere `%2F` is a slash that separates nothing.
  [[nodiscard]] bool capture(hit found, std::string_view path,
                             const std::vector<std::string>& names, path_parameters& into) const;

 private:
  using kind = route_pattern::kind;

  struct node {
    std::string literal;
    kind is = kind::literal;
    place parent = 0;
    place named = none, rest = none;  // children
    bool has_literals = false;        // others, which are in `children_`
    std::string path = {};            // all of it, where a pattern of literal segments ends
  };

  /// Places by hashes: open addressing, a power of two of them, at most half full. `none` is free.
  struct hash_table {
    std::vector<place> places;
    std::size_t used = 0;

    [[nodiscard]] bool is_full() const noexcept { return 2 * (used + 1) > places.size(); }
    void clear_larger() {
      places.assign(places.empty() ? 16 : places.size() * 2, none);
      used = 0;
    }
    void put(std::size_t hash, place added) noexcept {
      while (at(hash) != none) ++hash;
      places[hash & (places.size() - 1)] = added;
      ++used;
    }
    [[nodiscard]] place at(std::size_t hash) const noexcept { return places[hash & (places.size() - 1)]; }
  };

  [[nodiscard]] static std::uint64_t bit_of(char octet) noexcept { return std::uint64_t{1} << (octet & 63); }
  [[nodiscard]] static std::size_t hash_of(place parent, std::string_view segment) noexcept;
  [[nodiscard]] static bool is_escaped_form(std::string_view segment, std::string_view literal) noexcept;
  [[nodiscard]] place literal_child(place parent, std::string_view segment) const noexcept;
  [[nodiscard]] std::pair<place, kind> child(place parent, std::string_view segment, kind first) const noexcept;
  place add_child(place parent, const route_pattern::segment& segment);
  void add_path(place at, std::string path);
  [[nodiscard]] std::size_t hash_of(const node& child) const noexcept { return hash_of(child.parent, child.literal); }

  std::uint64_t first_octets_ = bit_of('%');  // what first segments begin with; an escape may be any of that
  std::vector<node> nodes_;
  hash_table children_;  // literal ones
  hash_table paths_;
};

// ---------------------------------------------------------------------------------------------

namespace detail {

/// Between slashes or backslashes stands `.` or `..`.
[[nodiscard]] inline bool has_dot_part(std::string_view text) noexcept {
  const auto ends_part = [text](std::size_t at) { return at >= text.size() || text[at] == '/' || text[at] == '\\'; };
  for (std::size_t at = text.find('.'); at != text.npos; at = text.find('.', at + 1))
    if ((at == 0 || ends_part(at - 1)) && (ends_part(at + 1) || (text[at + 1] == '.' && ends_part(at + 2)))) return true;
  return false;
}

/// A decoded segment is handed to a handler, which may well use it as a file name: slashes that were escaped
/// lead nowhere else either.
[[nodiscard]] inline bool is_tame_segment(std::string_view segment) noexcept {
  return !segment.starts_with('/') && segment.find('\0') == segment.npos && !has_dot_part(segment);
}

[[nodiscard]] inline bool add_parameter(std::string_view name, std::string_view value, bool is_rest,
                                        path_parameters& into) {
  if (value.starts_with('/')) return false;
  if (value.find('%') == value.npos) {
    if (has_dot_part(value)) return false;
    into.add(name, value);
    return true;
  }
  std::string decoded;
  for (std::size_t at = 0; at <= value.size();) {
    std::size_t end = value.find('/', at);
    if (end == value.npos) end = value.size();
    const auto segment = percent_decode(value.substr(at, end - at));
    if (!segment || !is_tame_segment(*segment)) return false;
    if (is_rest && segment->find('/') != segment->npos) return false;
    decoded.append(at == 0 ? "" : "/").append(*segment);
    at = end + 1;
  }
  into.add(name, decoded);
  return true;
}

}  // namespace detail

inline route_tree::place route_tree::add(const route_pattern& pattern) {
  place at = 0;
  const auto& [is, first] = pattern.segments.front();
  first_octets_ |= is != kind::literal ? ~std::uint64_t{0} : bit_of(first.empty() ? '/' : first[0]);
  std::string path;
  bool literal = true;
  for (const auto& segment : pattern.segments) {
    place next = segment.is == kind::named  ? nodes_[at].named
                 : segment.is == kind::rest ? nodes_[at].rest
                                            : literal_child(at, segment.text);
    at = next != none ? next : add_child(at, segment);
    path.append("/").append(segment.text);
    literal = literal && segment.is == kind::literal;
  }
  if (literal && nodes_[at].path.empty()) add_path(at, std::move(path));
  return at;
}

inline route_tree::place route_tree::add_child(place parent, const route_pattern::segment& segment) {
  const place made = static_cast<place>(nodes_.size());
  const bool literal = segment.is == kind::literal;
  if (literal && children_.is_full()) {
    children_.clear_larger();
    for (place i = 1; i < made; ++i)
      if (nodes_[i].is == kind::literal) children_.put(hash_of(nodes_[i]), i);
  }
  nodes_.push_back({literal ? std::string(segment.text) : std::string(), segment.is, parent});
  if (literal) {
    children_.put(hash_of(nodes_[made]), made);
    nodes_[parent].has_literals = true;
  } else {
    (segment.is == kind::named ? nodes_[parent].named : nodes_[parent].rest) = made;
  }
  return made;
}

inline void route_tree::add_path(place at, std::string path) {
  if (paths_.is_full()) {
    paths_.clear_larger();
    for (place i = 1; i < nodes_.size(); ++i)
      if (!nodes_[i].path.empty()) paths_.put(ascii::detail::hash_of(nodes_[i].path), i);
  }
  paths_.put(ascii::detail::hash_of(path), at);
  nodes_[at].path = std::move(path);
}

/// By which a literal segment is found among the children of a place: FNV-1a over its decoded octets. The keys are the
/// program's own, so no peer can make them collide.
inline std::size_t route_tree::hash_of(place parent, std::string_view segment) noexcept {
  std::uint64_t sum = 0xcbf29ce484222325u ^ parent;
  for (int octet = 0; (octet = take_decoded_octet(segment)) >= 0;) sum = (sum ^ static_cast<unsigned>(octet)) * 0x100000001b3u;
  return static_cast<std::size_t>(sum ^ (sum >> 32));
}

inline bool route_tree::is_escaped_form(std::string_view segment, std::string_view literal) noexcept {
  if (segment.size() <= literal.size()) return segment == literal;  // an escape is longer than what it stands for
  for (const char c : literal)
    if (take_decoded_octet(segment) != static_cast<unsigned char>(c)) return false;
  return segment.empty();
}

inline route_tree::place route_tree::literal_child(place parent, std::string_view segment) const noexcept {
  if (!nodes_[parent].has_literals) return none;
  for (std::size_t hash = hash_of(parent, segment);; ++hash) {
    const place found = children_.at(hash);
    if (found == none) return none;
    if (nodes_[found].parent == parent && is_escaped_form(segment, nodes_[found].literal)) return found;
  }
}

inline route_tree::place route_tree::literal(std::string_view path) const noexcept {
  if (paths_.used == 0) return none;
  for (std::size_t hash = ascii::detail::hash_of(path);; ++hash) {
    const place found = paths_.at(hash);
    if (found == none) return none;
    const std::string& there = nodes_[found].path;
    if (there.size() == path.size() && ascii::detail::same_octets(there.data(), path.data(), path.size())) return found;
  }
}

/// The best child for a segment among those of kind `first` and less specific ones.
inline std::pair<route_tree::place, route_tree::kind> route_tree::child(place parent, std::string_view segment,
                                                                        kind first) const noexcept {
  if (first == kind::literal) {
    const place found = literal_child(parent, segment);
    if (found != none) return {found, kind::literal};
  }
  if (first != kind::rest && !segment.empty() && nodes_[parent].named != none)
    return {nodes_[parent].named, kind::named};
  return {nodes_[parent].rest, kind::rest};
}

template <class Visit>
void route_tree::search(std::string_view path, Visit&& visit) const {
  place at = 0;
  std::size_t slash = 0;      // where the segment begins that `at`'s children are to take
  kind next = kind::literal;  // the most specific kind that has not been tried there
  for (;;) {
    hit found{at, slash};
    if (slash != path.size()) {
      const auto segment = path.substr(slash + 1, path.find('/', slash + 1) - slash - 1);
      const auto [down, is] = child(at, segment, next);
      if (down != none && is != kind::rest) {
        at = down;
        slash += 1 + segment.size();
        next = kind::literal;
        continue;
      }
      found = {down, slash + 1};
    }
    if (found.at != none && visit(found)) return;
    if (at == 0) return;
    next = nodes_[at].is == kind::literal ? kind::named : kind::rest;  // go back up, try the next
    at = nodes_[at].parent;
    slash = path.rfind('/', slash - 1);
  }
}

inline bool route_tree::capture(hit found, std::string_view path, const std::vector<std::string>& names,
                                path_parameters& into) const {
  std::size_t name = names.size();
  place at = found.at;
  std::size_t end = found.rest_at;  // of the segments that are not looked at yet
  if (nodes_[at].is == kind::rest) {
    const std::string& rest = names[--name];
    if (!rest.empty() && !detail::add_parameter(rest, path.substr(end), true, into)) return false;
    --end;
    at = nodes_[at].parent;
  }
  for (; name > 0; at = nodes_[at].parent) {
    const std::size_t slash = path.rfind('/', end - 1);
    const auto segment = path.substr(slash + 1, end - slash - 1);
    if (nodes_[at].is == kind::named && !detail::add_parameter(names[--name], segment, false, into))
      return false;
    end = slash;
  }
  return true;
}

}  // namespace tinyhttp
