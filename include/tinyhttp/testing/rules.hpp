// tinyhttp/testing/rules.hpp -- what a fake server serves, and how it behaves: files, mounts, rules.
//
// A set is immutable once published. A change publishes a new copy, and each exchange keeps the set
// that it began with. So a test may change anything while downloads run. Knows no sockets.
#pragma once

#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/owned_list.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/files/plan.hpp>
#include <tinyhttp/http/fields.hpp>
#include <tinyhttp/http/media_type.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/response.hpp>
#include <tinyhttp/testing/behavior.hpp>
#include <tinyhttp/testing/content.hpp>
#include <tinyhttp/testing/match.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp::testing {

/// The Last-Modified of a file that was given none: 2026-01-01 00:00:00 UTC.
inline constexpr std::int64_t default_modified = 1'767'225'600;

/// What is at a path.
struct fake_file {
  testing::content content;
  std::string etag;  // quotes included; empty: none
  std::optional<std::int64_t> modified = default_modified;
  std::string media_type;
  tinyhttp::fields fields;  // besides

  [[nodiscard]] files::facts facts() const {
    files::facts known;
    known.size = content.size();
    known.modified = modified;
    known.etag = etag;
    known.media_type = media_type;
    known.cache_control.clear();
    return known;
  }
};

/// Answers requests below the prefix of a mount. `x` has the octets of the request's body; the function sets `x.matched` if
/// it had an answer. Called on the server's thread, and by threads that use `call`.
using mounted = function<response(request& r, exchange& x, std::string_view prefix) const>;

/// A handler below a prefix.
struct fake_mount {
  std::string prefix;  // without a trailing slash
  mounted serve;
};

/// A matcher, a behaviour, and how many requests have met them. Shared by all sets that contain it.
struct rule {
  matcher when;
  behavior then;
  source_line written;
  bool early = false;  // it does something while the request's body is read
  mutable std::atomic<std::size_t> met{0};

  rule(matcher m, behavior b, source_line at) : when(std::move(m)), then(std::move(b)), written(at) {
    for (const auto& each : then.acts()) early = early || says_of_request(each);
  }
};

/// Everything a fake server has at one time. Immutable once published.
struct rule_set {
  std::map<std::string, shared<const fake_file>, std::less<>> files;
  value_list<shared<const fake_mount>> mounts;
  value_list<shared<const rule>> rules;  // the last one that matches prevails
  value_list<matcher> tolerated;
};

/// The current set. Any thread.
class rule_book {
 public:
  [[nodiscard]] shared<const rule_set> current() const {
    const std::lock_guard lock(mutex_);
    return set_;
  }
  /// Publishes a copy of the set, changed by `edit(rule_set&)`.
  template <class Edit>
  void edit(Edit edit) {
    const std::lock_guard lock(mutex_);
    owned<rule_set> made(new rule_set(*set_));
    edit(*made);
    set_ = shared<const rule_set>(made.release());
  }
  template <class Edit>
  void edit_file(const std::string& path, Edit edit) {
    this->edit([&](rule_set& set) {
      owned<fake_file> made(new fake_file(*set.files.at(path)));
      edit(*made);
      set.files[path] = shared<const fake_file>(made.release());
    });
  }

 private:
  mutable std::mutex mutex_;
  shared<const rule_set> set_ = shared<const rule_set>(new rule_set);
};

/// A declared file, for setting more about it. Each call takes effect at once, for requests that come
/// from then on. Must not outlive its server.
class file_handle {
 public:
  file_handle(rule_book& of, std::string path) : book_(of), path_(std::move(path)) {}

  /// Sets the tag, with its quotes: `.etag("\"v1\"")`, `.etag("W/\"v1\"")`. Throws `bad_result` without them; for an invalid
  /// tag use `header("ETag", ...)`.
  file_handle& etag(std::string tag) {
    const bool quoted = tag.ends_with('"') && (tag.starts_with('"') || tag.starts_with("W/\""));
    if (!tag.empty() && !quoted)
      throw bad_result(error(error_kind::invalid_argument, "etag(" + tag + "): quotes belong to it, as in etag(\"\\\"v1\\\"\")"));
    return edit([&](fake_file& f) { f.etag = std::move(tag); });
  }
  /// Sets the Last-Modified, in seconds since 1970.
  file_handle& modified(std::int64_t when) {
    return edit([&](fake_file& f) { f.modified = when; });
  }
  file_handle& type(std::string media_type) {
    return edit([&](fake_file& f) { f.media_type = std::move(media_type); });
  }
  file_handle& no_etag() { return etag({}); }
  file_handle& no_modified() {
    return edit([](fake_file& f) { f.modified.reset(); });
  }
  file_handle& no_validators() { return no_etag().no_modified(); }
  file_handle& header(std::string_view name, std::string_view value) {
    return edit([&](fake_file& f) { f.fields.set(name, value); });
  }
  /// Replaces the octets, in one step, and the tag by another, unless the file has none.
  file_handle& content(testing::content other) {
    return edit([&](fake_file& f) { replace(f, std::move(other), {}); });
  }

  static void replace(fake_file& f, testing::content other, std::string tag) {
    if (!tag.empty() || !f.etag.empty()) f.etag = tag.empty() ? tag_of(other) : std::move(tag);
    if (f.modified) *f.modified += 3600;
    f.content = std::move(other);
  }
  [[nodiscard]] static std::string tag_of(const testing::content& c) {
    std::string tag = "\"";
    ascii::append_hex(tag, c.identity());
    return tag + "\"";
  }

 private:
  template <class Edit>
  file_handle& edit(Edit change) {
    book_.edit_file(path_, change);
    return *this;
  }
  rule_book& book_;
  std::string path_;
};

/// Declares a file, replacing one that the path already has.
inline file_handle declare_file(rule_book& in, std::string path, content octets) {
  owned<fake_file> made(new fake_file);
  made->etag = file_handle::tag_of(octets);
  made->content = std::move(octets);
  made->media_type = media_type_of(path);
  in.edit([&](rule_set& set) { set.files[path] = shared<const fake_file>(made.release()); });
  return {in, std::move(path)};
}

}  // namespace tinyhttp::testing
