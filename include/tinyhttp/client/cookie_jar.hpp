// tinyhttp/client/cookie_jar.hpp -- a client's cookies, kept between requests and, in a file, between runs.
//
// http/cookie_store.hpp decides what is kept and sent. A client has no jar unless it is given one.
#pragma once

#include <tinyhttp/client/hooks.hpp>
#include <tinyhttp/client/local_file.hpp>
#include <tinyhttp/client/part_file.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/mutex.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/http/cookie_file.hpp>
#include <tinyhttp/http/cookie_store.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/response.hpp>
#include <tinyhttp/http/url.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttp {

/// The cookies of one or more clients. Any number of threads and clients may share a jar.
///
///     cookie_jar cookies;
///     client c({.hooks = {&cookies}});
///
/// If the caller sets a Cookie field, it is sent after the jar's own.
class cookie_jar final : public exchange_hook {
 public:
  using clock_function = std::int64_t (*)() noexcept;  // seconds since 1970

  explicit cookie_jar(clock_function now = &system_unix_seconds) noexcept : now_(now) {}

  inline void before(const url& to, request& r) override;
  inline void after(const url& from, const response& answer) override;

  /// Acts as if an answer from `from` had that Set-Cookie field. False if the cookie is ignored.
  bool set(const url& from, std::string_view set_cookie) {
    const std::lock_guard lock(guard_);
    return store_.set(from, set_cookie, now_());
  }
  /// A copy of the cookies.
  [[nodiscard]] std::vector<stored_cookie> cookies() const {
    const std::lock_guard lock(guard_);
    return store_.cookies();
  }
  void clear() {
    const std::lock_guard lock(guard_);
    store_.clear();
  }

  /// Adds the cookies of a file that `save`, curl or wget wrote. Fails with `open PATH: cause`, and for
  /// more than 16 MiB; lines that cannot be parsed are skipped.
  template <class = void>
  result<void> load(const std::string& path);
  /// Replaces the whole file, readable by its owner only: cookies are as good as passwords. If the path is not a
  /// regular file, such as /dev/null, it is written to; a pipe that nobody reads is an error.
  /// `with_sessions`: also writes cookies that end with the session, as `curl -c` does.
  result<void> save(const std::string& path, bool with_sessions = true) const;

 private:
  clock_function now_;
  mutable std::mutex guard_;
  cookie_store store_;
};

// ---------------------------------------------------------------------------------------------

inline void cookie_jar::before(const url& to, request& r) {
  std::string field;
  {
    const std::lock_guard lock(guard_);
    field = store_.field_for(to, now_());
  }
  if (field.empty()) return;
  if (const auto own = r.fields.get("Cookie"); own && !own->empty()) field.append("; ").append(*own);
  r.fields.remove("Cookie");
  static_cast<void>(r.fields.try_add("Cookie", field));  // made of what was in fields
}

inline void cookie_jar::after(const url& from, const response& answer) {
  if (!answer.fields.contains("Set-Cookie")) return;
  const std::lock_guard lock(guard_);
  for (const auto [name, value] : answer.fields)
    if (ascii::equal_ignoring_case(name, "Set-Cookie")) store_.set(from, value, now_());
}

template <class>
result<void> cookie_jar::load(const std::string& path) {
  constexpr std::uint64_t most = std::uint64_t{16} << 20;  // octets; 3000 cookies of 4 KiB
  auto file = file_body(path);
  if (!file) return file.error();
  auto reading = file->read_all(most);
  reading.start();
  const auto read = reading.take();
  if (!read) return read.error().within("read " + path);
  std::string_view text = *read;
  const std::lock_guard lock(guard_);
  while (auto cookie = take_cookie_line(text)) store_.put(std::move(*cookie), now_());
  return {};
}

inline result<void> cookie_jar::save(const std::string& path, bool with_sessions) const {
  auto kept = cookies();
  const std::int64_t now = now_();
  std::erase_if(kept, [&](const stored_cookie& c) {
    return detail::has_ended(c, now) || (!with_sessions && !c.expires);
  });
  return replace_file(path, format_cookie_file(kept), 0600);
}

}  // namespace tinyhttp
