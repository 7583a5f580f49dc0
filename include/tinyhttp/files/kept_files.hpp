// tinyhttp/files/kept_files.hpp -- the most recently used files of a root, ready while they match the disk.
//
// Joins cache.hpp and directory.hpp: small files are in memory, larger ones open. Any thread.
#pragma once

#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/files/cache.hpp>
#include <tinyhttp/files/directory.hpp>
#include <tinyhttp/files/mount.hpp>
#include <tinyhttp/files/plan.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/response.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp::files {

/// Refers to its root, which must outlive it. Any thread.
class kept_files {
 public:
  /// Refers to `root`. For `trust_for` after a look at the disk, it looks no more.
  kept_files(const directory& root, cache_limits limits, std::chrono::milliseconds trust_for)
      : root_(root), trust_for_(trust_for), in_memory_(limits), open_(of_open(limits)) {}

  /// Nothing is ever kept.
  [[nodiscard]] bool is_off() const noexcept { return !in_memory_.takes(0) && !open_.takes(0); }

  /// The file kept under `key`, if its name still leads to it; otherwise null.
  [[nodiscard]] shared<const kept_file> find(std::string_view key, const request& r);

  /// The file kept under `key`, if it is in the given state, which the caller has just read from the disk; otherwise
  /// null.
  [[nodiscard, gnu::cold]] shared<const kept_file> find_seen(std::string_view key, const file_stamp& now);

  /// Keeps `file`, to which `name` leads, under `key`, if it is worth keeping and has not changed just now; otherwise
  /// returns null. `now`: seconds since 1970.
  [[nodiscard, gnu::cold]] shared<const kept_file> keep(const std::string& key, std::string name,
                                                      const facts& known, const opened& file, std::int64_t now);

 private:
  [[nodiscard, gnu::cold]] static cache_limits of_open(cache_limits limits) noexcept {
    if (limits.octets == 0) return limits;
    const std::size_t spare = detail::most_descriptors() / 8;
    return {.octets = std::size_t{64} << 20, .largest = limits.largest_open, .files = limits.open < spare ? limits.open : spare};
  }

  [[nodiscard]] shared<const kept_file> look_up(std::string_view key) {
    auto kept = in_memory_.find(key);
    if (!kept) kept = open_.find(key);
    return kept;
  }
  [[gnu::cold]] shared<const kept_file> forget(std::string_view key) {
    in_memory_.forget(key);
    open_.forget(key);  // and closes it
    return nullptr;
  }

  const directory& root_;
  std::chrono::milliseconds trust_for_;
  cache in_memory_, open_;  // apart, so that images do not push out what goes with each page
};

/// Answers `r` from a kept file. Its body holds that file until it is sent.
[[nodiscard]] inline response answer_kept(const request& r, shared<const kept_file>&& kept);

// ---------------------------------------------------------------------------------------------

namespace detail {

/// A clock that only measures: the loop's, where there is one.
[[nodiscard]] inline time_point measured_now(const request& r) noexcept {
  return r.context != nullptr ? r.context->clock().now() : std::chrono::steady_clock::now();
}

}  // namespace detail

inline shared<const kept_file> kept_files::find(std::string_view key, const request& r) {
  auto kept = look_up(key);
  if (!kept) return nullptr;
  const bool trusts = trust_for_ > std::chrono::milliseconds(0);
  if (trusts && detail::measured_now(r) < kept->trusted_until()) return kept;
  if (root_.is_still(kept->name, kept->stamp)) {
    if (trusts) kept->trust_until(deadline_in(detail::measured_now(r), trust_for_));
    return kept;
  }
  return forget(key);
}

inline shared<const kept_file> kept_files::find_seen(std::string_view key, const file_stamp& now) {
  auto kept = look_up(key);
  if (kept && kept->stamp != now) return forget(key);
  return kept;
}

inline shared<const kept_file> kept_files::keep(const std::string& key, std::string name,
                                                         const facts& known, const opened& file, std::int64_t now) {
  // What changed in this second or the last may change again without its stamp showing it: clocks
  // of file systems tick, some by the second.
  if (file.stamp.changed + 1 >= now || file.stamp.modified >= now) return nullptr;
  const bool small = in_memory_.takes(known.size);
  cache& in = small ? in_memory_ : open_;
  if (!in.takes(known.size)) return nullptr;
  owned<kept_file> made(new kept_file);
  if (!small) {
    made->content = file.content;
  } else if (file.content) {  // else it is a directory
    auto octets = read_octets(*file.content, 0, static_cast<std::size_t>(known.size));
    if (!octets) return nullptr;  // it has become shorter, or can't be read
    made->octets = share<const std::string>(new std::string(std::move(*octets)));
  }
  made->name = std::move(name);
  made->is_escaped = made->name.find('%') != made->name.npos;
  made->stamp = file.stamp;
  made->known = known;
  made->whole = whole_fields(known, now);
  const shared<const kept_file> kept(made.release());
  in.keep(key, kept);
  return kept;
}

namespace detail {

/// Asks for the whole, whatever the client may have: nothing is to be judged (RFC 9110 13.1, 14.2).
[[nodiscard]] inline bool is_plain(const request& r) noexcept {
  const fields& f = r.fields;
  return (r.method == method::get || r.method == method::head) &&
         !(f.may_contain("Range") || f.may_contain("If-Range") || tinyhttp::detail::may_have_conditions(f));
}

/// A 200 with all of it.
[[nodiscard]] inline response whole_of(shared<const kept_file>&& kept) {
  const kept_file& file = *kept;  // which the body holds
  response made;
  made.fields = file.whole;
  if (const auto* octets = file.octets.get())
    made.body.become(shared<const std::string>(std::move(kept), octets));
  else
    made.body.become({shared<const content_source>(std::move(kept), file.content.get()), 0, file.known.size});
  return made;
}

/// A 304.
[[nodiscard]] inline response unchanged_of(const kept_file& kept) {
  response made(status::not_modified, kept.whole);
  made.fields.keep_first(cache_lines(kept.known));
  return made;
}

/// What the request asks for.
[[nodiscard, gnu::noinline]] inline response part_of(const request& r, const kept_file& kept, std::int64_t now) {
  const bool has_it = !kept.known.etag.empty() && r.fields.get("If-None-Match") == kept.known.etag;
  if (has_it && !r.fields.may_contain("If-Match") && !r.fields.may_contain("If-Unmodified-Since"))  // which come first
    return unchanged_of(kept);
  auto planned = make_plan(r, kept.known, now, seed_for(r), kept.stamp.modified <= now ? &kept.whole : nullptr);
  if (kept.octets) return cut(planned, kept.known, kept.octets, nullptr, *kept.octets);
  return cut(planned, kept.known, content_slice{kept.content, 0, kept.known.size}, kept.content, {});
}

}  // namespace detail

inline response answer_kept(const request& r, shared<const kept_file>&& kept) {
  if (kept->stamp.is_directory) [[unlikely]] return slash_redirect(r);
  const std::int64_t now = now_for(r);
  if (kept->stamp.modified <= now && detail::is_plain(r)) return detail::whole_of(std::move(kept));
  return detail::part_of(r, *kept, now);
}

}  // namespace tinyhttp::files
