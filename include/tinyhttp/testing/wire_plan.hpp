// tinyhttp/testing/wire_plan.hpp -- where in a response each event happens, and what its head claims.
//
// Pure: from a response and an `act` to places and octets. RFC 9112 7.1 for chunks, valid and broken ones.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/bounds.hpp>
#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/owned_list.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/core/small_vector.hpp>
#include <tinyhttp/http/body.hpp>
#include <tinyhttp/http/response.hpp>
#include <tinyhttp/testing/behavior.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp::testing {

/// Maps positions in a response's body to positions in the file.
class body_map {
 public:
  body_map() = default;
  /// `from` must not be a stream.
  explicit body_map(const response& from);
  explicit body_map(std::string raw) { add(std::move(raw)); }

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// Fills `room` with the octets from `at` on; false if the content has become shorter.
  [[nodiscard]] bool read(std::uint64_t at, std::span<char> room) const;

  /// Where in the body `file_offset` is. Of its octet, or, `passing`, of the gap in front of it,
  /// which a response that begins there has passed already.
  [[nodiscard]] std::optional<std::uint64_t> place_of(std::uint64_t file_offset, bool passing) const;
  [[nodiscard]] std::optional<std::uint64_t> place_of(position p, bool passing) const;

  /// From `at` on the octets are those of `other`, at the same places of the file.
  void swap_from(std::uint64_t at, const content& other);

 private:
  struct part {
    std::uint64_t start, length;
    std::uint64_t file_offset;
    bool of_file;
    std::string own;
    shared<const content_source> source;
  };
  void add(part p) { parts_.push_back(owned<part>(new part(std::move(p)))); }
  void add(std::string octets, std::optional<std::uint64_t> file_offset = std::nullopt);
  void add(const content_slice& slice);

  owned_list<part> parts_;
  std::uint64_t size_ = 0;
  bool partial_ = false;
};

/// An event with its position: this many octets of the head, or of the body, are sent before it.
struct placed_event {
  bool in_head;
  std::uint64_t at;
  const wire_event* event;  // of the act
};
using placed_events = small_vector<placed_event, 4>;

/// The events of `how` that happen in this response, in order.
[[nodiscard]] inline placed_events place_events(const act& how, const body_map& body, std::size_t head_size);
/// The events that happen while the request's body is read: `at` counts its octets.
[[nodiscard]] inline placed_events place_early(const act& how);

/// What the journal appends to the name of `how`: ` (not reached)` for a position that the response does not have,
/// such as one after its end; nothing if all events have a position. `events` is the number of events that have one.
[[nodiscard]] inline std::string_view unreached(const act& how, std::size_t events, const body_map& body);

/// Edits a head, from its start line to its empty line.
inline void apply_edits(std::string& head, const act& how);

/// What is sent before and after the `index`th chunk of `size` octets.
struct chunk_frame {
  std::string in_front, behind;
};
[[nodiscard]] inline chunk_frame frame_chunk(std::size_t index, std::uint64_t size, bool last, chunk_fault broken);
/// What is sent after the last chunk: the chunk of size 0 and the trailers of `how`.
[[nodiscard]] inline std::string end_of_chunks(const act& how);

// ---------------------------------------------------------------------------------------------

namespace detail {

/// The place in the file where the content of a 206 begins.
[[nodiscard]] inline std::uint64_t range_start(const fields& of) noexcept {
  auto value = of["Content-Range"];  // bytes 5-9/10
  if (!value.starts_with("bytes ")) return 0;
  value.remove_prefix(6);
  return ascii::parse_decimal(value.substr(0, value.find('-'))).value_or(0);
}

/// The line of a head that has this name: where it begins, and where the next one does.
[[nodiscard]] inline std::pair<std::size_t, std::size_t> find_line(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find('\n') + 1; at < head.size();) {
    const std::size_t end = head.find('\n', at) + 1;
    const auto line = head.substr(at, end - at);
    if (line.size() > name.size() && line[name.size()] == ':' &&
        ascii::equal_ignoring_case(line.substr(0, name.size()), name))
      return {at, end};
    at = end;
  }
  return {head.npos, head.npos};
}

inline void remove_lines(std::string& head, std::string_view name) {
  for (;;) {
    const auto [begin, end] = find_line(head, name);
    if (begin == std::string::npos) return;
    head.erase(begin, end - begin);
  }
}

inline void add_line(std::string& head, std::string_view name, std::string_view value) {
  head.insert(head.size() - 2, std::string(name).append(": ").append(value).append("\r\n"));
}

}  // namespace detail

inline body_map::body_map(const response& from) : partial_(from.status == status::partial_content) {
  const std::uint64_t start = detail::range_start(from.fields);
  if (const auto* one = from.body.slice()) {
    add(*one);
  } else if (const auto* many = from.body.pieces()) {
    for (const auto& piece : *many) {
      if (piece.is_slice()) add(piece.slice);
      else add(piece.octets);
    }
  } else if (!from.body.text().empty()) {
    add(std::string(from.body.text()), start);
  }
}

inline void body_map::add(std::string octets, std::optional<std::uint64_t> file_offset) {
  const std::uint64_t length = octets.size();
  add(part{size_, length, file_offset.value_or(0), file_offset.has_value(), std::move(octets), nullptr});
  size_ += length;
}
inline void body_map::add(const content_slice& slice) {
  add(part{size_, slice.length, slice.offset, true, {}, slice.source});
  size_ += slice.length;
}

inline bool body_map::read(std::uint64_t at, std::span<char> room) const {
  for (const auto& p : parts_) {
    while (!room.empty() && at >= p.start && at < p.start + p.length) {
      const std::uint64_t left = p.start + p.length - at;
      const std::size_t wanted = at_most(left, room.size());
      std::size_t count = wanted;
      if (p.source != nullptr) {
        const auto got = p.source->read_at(p.file_offset + (at - p.start), room.subspan(0, wanted));
        if (!got || *got == 0) return false;
        count = *got;
      } else {
        p.own.copy(room.data(), wanted, static_cast<std::size_t>(at - p.start));
      }
      room = room.subspan(count);
      at += count;
    }
  }
  return room.empty();
}

inline std::optional<std::uint64_t> body_map::place_of(std::uint64_t file_offset, bool passing) const {
  for (const auto& p : parts_) {
    if (!p.of_file || file_offset < p.file_offset) continue;
    const std::uint64_t in = file_offset - p.file_offset;
    if (passing ? in > p.length || (in == 0 && partial_) : in >= p.length) continue;
    return p.start + in;
  }
  return std::nullopt;
}

inline std::optional<std::uint64_t> body_map::place_of(position p, bool passing) const {
  if (p.in == position::kind::file) return place_of(p.octets, passing);
  const bool there = p.in == position::kind::body && (passing ? p.octets <= size_ : p.octets < size_);
  return there ? std::optional(p.octets) : std::nullopt;
}

inline void body_map::swap_from(std::uint64_t at, const content& other) {
  const owned_list<part> before = std::move(parts_);
  for (auto& p : before) {
    const std::uint64_t end = p.start + p.length;
    if (end <= at || !p.of_file) {
      add(std::move(p));
      continue;
    }
    const std::uint64_t kept = at > p.start ? at - p.start : 0;
    part rest{p.start + kept, p.length - kept, p.file_offset + kept, true, {}, other.source()};
    p.length = kept;
    if (kept > 0) add(std::move(p));
    add(std::move(rest));
  }
}

namespace detail {

/// Behind what is at the same place already.
inline void place(placed_events& placed, const placed_event& made) {
  const auto before = [](const placed_event& a, const placed_event& b) {
    return a.in_head != b.in_head ? a.in_head : a.at < b.at;
  };
  placed.push_back(made);
  std::size_t i = placed.size() - 1;
  for (; i > 0 && before(made, placed[i - 1]); --i) placed[i] = placed[i - 1];
  placed[i] = made;
}

}  // namespace detail

inline placed_events place_early(const act& how) {
  placed_events placed;
  for (const auto& event : how.events)
    if (event.at.in == position::kind::request) detail::place(placed, {false, event.at.octets, &event});
  return placed;
}

inline placed_events place_events(const act& how, const body_map& body, std::size_t head_size) {
  placed_events placed;
  for (const auto& event : how.events) {
    const bool in_head = event.at.in == position::kind::head;
    const auto at = in_head ? std::optional(event.at.octets) : body.place_of(event.at, true);
    if (!at || (in_head && *at > head_size)) continue;
    detail::place(placed, {in_head, *at, &event});
  }
  return placed;
}

inline std::string_view unreached(const act& how, std::size_t events, const body_map& body) {
  const std::size_t all = how.events.size() + how.flips.size() + (how.replaced_at ? 1u : 0u);
  std::size_t there = events + (how.replaced_at && body.place_of(*how.replaced_at, true) ? 1u : 0u);
  for (const auto& each : how.flips) there += body.place_of(each, false) ? 1u : 0u;
  return there >= all ? "" : there == 0 ? " (not reached)" : " (not all reached)";
}

inline void apply_edits(std::string& head, const act& how) {
  if (how.chunk > 0) {
    detail::remove_lines(head, "Content-Length");
    detail::add_line(head, "Transfer-Encoding", "chunked");
  }
  bool bare = false;
  for (const auto& edit : how.edits) {
    switch (edit.what) {
      case head_edit::kind::set:
      case head_edit::kind::remove: detail::remove_lines(head, edit.name); break;
      case head_edit::kind::status_line: head.replace(0, head.find('\r'), edit.value); break;
      case head_edit::kind::bare_lf: bare = true; break;
      case head_edit::kind::add: break;
    }
    if (edit.what == head_edit::kind::set || edit.what == head_edit::kind::add)
      detail::add_line(head, edit.name, edit.value);
  }
  if (how.closes && detail::find_line(head, "Connection").first == head.npos)
    detail::add_line(head, "Connection", "close");
  if (bare) std::erase(head, '\r');
  head.insert(0, how.in_front);
}

inline chunk_frame frame_chunk(std::size_t index, std::uint64_t size, bool last, chunk_fault broken) {
  chunk_frame made;
  ascii::append_hex(made.in_front, size);
  if (index == 1 && broken == chunk_fault::bad_size) made.in_front = "ZZ";
  if (index == 1 && broken == chunk_fault::huge_size) made.in_front = "fffffffffffffffff";
  if (index == 1 && broken == chunk_fault::negative_size) made.in_front.insert(0, "-");
  made.in_front += "\r\n";
  if (index != 0 || broken != chunk_fault::no_line_end) made.behind = "\r\n";
  if (last && broken == chunk_fault::cut_inside) made.behind.clear();
  return made;
}

inline std::string end_of_chunks(const act& how) {
  if (how.broken == chunk_fault::no_last || how.broken == chunk_fault::cut_inside) return {};
  return "0\r\n" + how.trailers + "\r\n";
}

}  // namespace tinyhttp::testing
