// tinyhttp/files/plan.hpp -- decides the answer to a request for a known representation.
//
// One engine for disk, memory and generated content: facts in; status, fields and byte ranges out;
// then the content is cut accordingly. Pure: knows no files, no clock. RFC 9110 13, 14 and 15.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/owned_list.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/files/stamp.hpp>
#include <tinyhttp/http/body.hpp>
#include <tinyhttp/http/conditional.hpp>
#include <tinyhttp/http/date.hpp>
#include <tinyhttp/http/fields.hpp>
#include <tinyhttp/http/range.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/response.hpp>
#include <tinyhttp/http/status.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp::files {

/// What is known about a representation. Texts must be valid in a field, else planning throws.
struct facts {
  std::uint64_t size = 0;                                // octets
  std::optional<std::int64_t> modified = std::nullopt;  // seconds since 1970
  std::string etag = {};  // as it is sent, quotes included; empty: none
  std::string media_type = "application/octet-stream";
  std::string content_encoding = {};       // such as `gzip`; empty: none
  std::string cache_control = "no-cache";  // empty: none
  bool varies = false;                     // there are others, selected by Accept-Encoding
};

/// The answer before ranges are cut from its content.
struct plan {
  tinyhttp::status status = {};
  tinyhttp::fields fields = {};
  byte_ranges ranges = {};  // of a 206; one, or the parts of a multipart
  std::string boundary = {};            // of a multipart; empty: it is none
};

/// Decides the answer to `r`. In this order: 405 for anything but GET and HEAD; 412 and 304 by the
/// conditions of 13.2.2; then 206 and 416 by Range, only for GET (14.2) and only if If-Range permits
/// it; else 200. HEAD has the fields of a GET without a Range; the writer omits its content.
///
/// @param now   seconds since 1970: Last-Modified is never later than that (8.8.2.1)
/// @param seed  something a peer can't guess, from which the boundary of a multipart is made
/// @param whole the result of `whole_fields` for `f`, if it is available and `f.modified` has passed
[[nodiscard]] inline plan make_plan(const request& r, const facts& f, std::int64_t now,
                                    std::uint64_t seed = 0, const fields* whole = nullptr);

/// The fields of a 200 for `f`, except those of the message itself.
[[nodiscard]] inline fields whole_fields(const facts& f, std::int64_t now);

/// The response that `p` describes, with slices of `content`, which stays open until they are sent.
[[nodiscard]] inline response respond(plan p, const facts& f, shared<const content_source> content);

/// The same from memory; the whole is shared, ranges are copied. `content` has `f.size` octets.
[[nodiscard]] inline response respond(plan p, const facts& f, shared<const std::string> content);

/// `make_plan` and `respond` together.
template <class Content>
[[nodiscard]] response answer(const request& r, const facts& f, Content content,
                              std::int64_t now, std::uint64_t seed = 0) {
  return respond(make_plan(r, f, now, seed), f, std::move(content));
}

// ---------------------------------------------------------------------------------------------

namespace detail {

[[nodiscard]] inline range_selection select(const request& r, std::uint64_t size, const representation_facts& current) {
  std::string store;
  if (r.method != method::get) return {};
  const auto range = r.fields.combined("Range", store);
  if (!range) return {};
  std::string condition_store;
  const auto condition = r.fields.combined("If-Range", condition_store);
  if (condition && !evaluate_if_range(*condition, current)) return {};
  return select_ranges(*range, size);
}

/// So many fields tell caches what they hold.
[[nodiscard]] inline std::size_t cache_lines(const facts& f) noexcept {
  return std::size_t{!f.etag.empty()} + std::size_t{!f.cache_control.empty()} + std::size_t{f.varies};
}
/// These: all that a 304 needs (15.4.5).
inline void add_cache_fields(fields& to, const facts& f) {
  if (!f.etag.empty()) to.add("ETag", f.etag);
  if (!f.cache_control.empty()) to.add("Cache-Control", f.cache_control);
  if (f.varies) to.add("Vary", "Accept-Encoding");
}

/// Makes it a multipart/byteranges (14.6).
[[gnu::cold]] inline void plan_parts(plan& p, std::uint64_t seed) {
  p.boundary = "part-";
  for (std::uint64_t round = 1; round <= 2; ++round)
    ascii::append_hex(p.boundary, mix(seed + round * 0x9e3779b97f4a7c15));
  p.fields.set("Content-Type", std::string("multipart/byteranges; boundary=").append(p.boundary));
}

/// A 200, or the 206 that was asked for.
[[nodiscard]] inline plan plan_selected(const range_selection& selection, const facts& f, std::int64_t now,
                                        std::uint64_t seed, const fields* whole) {
  plan p{status::ok, whole != nullptr ? *whole : whole_fields(f, now), {}, {}};
  if (selection.verdict == range_verdict::whole) return p;
  p.status = status::partial_content;
  p.ranges = selection.ranges;
  if (p.ranges.size() == 1) {
    p.fields.add("Content-Range", format_content_range(p.ranges[0], f.size));
  } else {
    plan_parts(p, seed);
  }
  return p;
}

/// With a field that says more, unless `name` is empty.
[[nodiscard, gnu::cold]] inline plan plan_problem(status code, std::string_view name = {}, std::string_view value = {}) {
  response made = problem(code);
  if (!name.empty()) made.fields.add(name, value);
  return {code, std::move(made.fields), {}, {}};
}

/// A 304.
[[nodiscard]] inline plan plan_unchanged(const facts& f, const representation_facts& current) {
  plan unchanged{status::not_modified, {}, {}, {}};
  add_cache_fields(unchanged.fields, f);
  if (f.etag.empty() && current.last_modified)
    unchanged.fields.add("Last-Modified", format_date(*current.last_modified));
  return unchanged;
}

/// Several ranges, each behind its head: from memory in one piece, which is one send.
[[nodiscard, gnu::cold]] inline body parts_of(const plan& p, const facts& f, const shared<const content_source>& source,
                                              std::string_view octets) {
  owned_list<body_piece> pieces;
  const std::string delimiter = std::string("\r\n--").append(p.boundary);  // an empty line first, too: zsync insists on it
  std::string text;
  std::uint64_t room = delimiter.size() + 4;
  for (const auto& range : p.ranges) room += 192 + f.media_type.size() + (source ? 0 : range.length);
  text.reserve(static_cast<std::size_t>(room));
  for (const auto& range : p.ranges) {
    text.append(delimiter).append("\r\nContent-Type: ").append(f.media_type);
    text.append("\r\nContent-Range: ").append(format_content_range(range, f.size)).append("\r\n\r\n");
    const auto [offset, length] = range;
    if (!source) {
      text.append(octets.substr(static_cast<std::size_t>(offset), static_cast<std::size_t>(length)));
      continue;
    }
    pieces.push_back(owned<body_piece>(new body_piece(text)));
    pieces.push_back(owned<body_piece>(new body_piece(content_slice{source, offset, length})));
    text.clear();
  }
  text.append(delimiter).append("--\r\n");
  if (!source) return body(std::move(text));
  pieces.push_back(owned<body_piece>(new body_piece(text)));
  return body(std::move(pieces));
}

[[nodiscard, gnu::cold]] inline body line_for(status code) { return std::move(problem(code).body); }

/// Of what is no 200: parts, a line that says what is wrong, or nothing.
[[nodiscard]] inline body content_of(const plan& p, const facts& f, const shared<const content_source>& source,
                                     std::string_view octets) {
  if (p.status.forbids_content()) return {};
  if (p.status != status::partial_content) return line_for(p.status);
  if (!p.boundary.empty()) return parts_of(p, f, source, octets);
  const auto [offset, length] = p.ranges[0];
  if (source) return content_slice{source, offset, length};
  return octets.substr(static_cast<std::size_t>(offset), static_cast<std::size_t>(length));
}

/// Turns a plan into a response: with the `whole` for a 200, else with parts of `source`, or of `octets`
/// where that is null.
[[nodiscard]] inline response cut(plan& p, const facts& f, body&& whole, const shared<const content_source>& source,
                                  std::string_view octets) {
  response made;
  made.status = p.status;
  made.fields = std::move(p.fields);
  if (p.status == status::ok) made.body = std::move(whole);
  else made.body = content_of(p, f, source, octets);
  return made;
}

}  // namespace detail

inline fields whole_fields(const facts& f, std::int64_t now) {
  fields made;
  detail::add_cache_fields(made, f);  // those of a 304 first
  made.add("Content-Type", f.media_type);
  if (!f.content_encoding.empty()) made.add("Content-Encoding", f.content_encoding);
  if (f.modified) made.add("Last-Modified", format_date(*f.modified < now ? *f.modified : now));
  made.add("Accept-Ranges", "bytes");
  made.add("X-Content-Type-Options", "nosniff");
  return made;
}

inline plan make_plan(const request& r, const facts& f, std::int64_t now, std::uint64_t seed, const fields* whole) {
  if (r.method != method::get && r.method != method::head)
    return detail::plan_problem(status::method_not_allowed, "Allow", "GET, HEAD");
  representation_facts current{.etag = f.etag, .last_modified = f.modified, .now = now};
  if (f.modified && *f.modified > now) current.last_modified = now;

  switch (evaluate_preconditions(r.method, r.fields, current)) {
    case precondition_verdict::precondition_failed: return detail::plan_problem(status::precondition_failed);
    case precondition_verdict::not_modified: return detail::plan_unchanged(f, current);
    case precondition_verdict::proceed: break;
  }

  const auto selection = detail::select(r, f.size, current);
  if (selection.verdict == range_verdict::unsatisfiable)
    return detail::plan_problem(status::range_not_satisfiable, "Content-Range", format_content_range(byte_range(), f.size));
  return detail::plan_selected(selection, f, now, seed, whole);
}

inline response respond(plan p, const facts& f, shared<const content_source> content) {
  body whole = f.size == 0 ? body() : body(content_slice{content, 0, f.size});
  return detail::cut(p, f, std::move(whole), content, {});
}

inline response respond(plan p, const facts& f, shared<const std::string> content) {
  const std::string_view octets = *content;  // which the body holds, while it is cut
  return detail::cut(p, f, body(std::move(content)), nullptr, octets);
}

}  // namespace tinyhttp::files
