// tinyhttp/files/writable_files.hpp -- static files that also accept PUT and DELETE.
//
// A separate handler, so that nobody lets strangers write by accident. RFC 9110 9.3.4 and 9.3.5.
// It does not know the client: put it behind with_basic_auth or the like.
#pragma once

#include <tinyhttp/app/handler.hpp>
#include <tinyhttp/app/worker_call.hpp>
#include <tinyhttp/app/worker_pool.hpp>
#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/mutex.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/files/directory.hpp>
#include <tinyhttp/files/mount.hpp>
#include <tinyhttp/files/path.hpp>
#include <tinyhttp/files/plan.hpp>
#include <tinyhttp/files/static_files.hpp>
#include <tinyhttp/files/upload.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace tinyhttp {

/// What clients may write, and how.
struct writable_files_options {
  static_files_options files = {};  // how they are served; strip_prefix and dot_files apply to writing, too
  std::uint64_t largest = std::uint64_t{1} << 30;  // octets of one file; more is 413
  bool replace = true;  // existing files; otherwise PUT to one is 409
  bool remove = true;   // accept DELETE; otherwise it is 405

  /// Answer only when file and name are on disk, by fsync(2). Worker threads wait for that.
  bool durable = true;
};

/// Serves the files beneath a root as `static_files` does, and accepts PUT and DELETE.
///
/// PUT writes to a temporary file and renames it: readers get the old content or the new one, and a body that
/// is cut off, too large, or fills the disk (507) leaves nothing behind. The answer is 201 or 204, with the ETag
/// of the new content. Against lost updates, `If-Match` and `If-None-Match: *` are checked before
/// the body is asked for, and again when it has arrived; other requests to this handler and its copies
/// cannot come between that check and the rename. The directory must exist, else 409. A
/// name that is a symbolic link is replaced by a file; nothing is written through a link at the
/// end of a name, nor outside the root. 415 for an encoded body, 400 for a part of one.
///
/// DELETE removes a file, or the link to one, but no directory (409).
///
/// The type of a file follows from its name when it is served; that of the request is not kept. A
/// value that is cheap to copy; any thread. It must outlive its replies, like any handler. Destroying the
/// last copy waits for the disk, if a worker does.
///
///     app.otherwise(with_basic_auth(writable_files("/srv/inbox"), "inbox", accepts));
template <class = void>  // so that programs without it do not compile its coroutine
class basic_writable_files {
 public:
  /// Throws like `static_files`.
  explicit basic_writable_files(const std::string& root, writable_files_options options = {});

  [[nodiscard]] reply operator()(request& r) const;

 private:
  struct target {
    std::string name;
    files::place where;
    bool exists = false;
    std::string etag = {};
    std::optional<std::int64_t> modified = std::nullopt;
  };

  [[nodiscard]] task<response> put(request& r) const;
  [[nodiscard]] task<response> remove(request& r) const;
  [[nodiscard]] std::optional<response> refuse_content(const request& r) const;
  [[nodiscard]] result<target> find_target(const request& r) const;
  [[nodiscard]] result<void> look(target& at) const;
  [[nodiscard]] result<void> judge(const request& r, const target& at) const;
  [[nodiscard]] result<response> commit(const request& r, target& at, files::upload& file) const;
  [[nodiscard]] result<target> removed(const request& r) const;
  [[nodiscard]] worker_call<files::disk_wait> wait_for_disk(const request& r, files::disk_wait wait) const {
    return {shared_->disk_waiters, r.context, std::move(wait)};
  }
  [[nodiscard]] response refused(const error& why) const { return shown(files_.failed(why)); }
  [[nodiscard]] response shown(response made) const {
    files_.show_error_page(made);
    return made;
  }

  static_files files_;
  std::uint64_t largest_;
  bool replace_, remove_, durable_;
  struct shared {
    std::mutex commits;  // judge, then rename
    worker_pool disk_waiters{{}};
  };
  tinyhttp::shared<shared> shared_ = share(new shared);
};

/// As `static_files`, and also accepts PUT and DELETE (RFC 9110 9.3.4, 9.3.5).
using writable_files = basic_writable_files<>;

// ---------------------------------------------------------------------------------------------

template <class T>
basic_writable_files<T>::basic_writable_files(const std::string& root, writable_files_options options)
    : files_(root, std::move(options.files)), largest_(options.largest), replace_(options.replace),
      remove_(options.remove), durable_(options.durable) {}

template <class T>
reply basic_writable_files<T>::operator()(request& r) const {
  if (r.method == method::get || r.method == method::head) return files_(r);
  if (r.method == method::put) return put(r);
  if (r.method == method::delete_ && remove_) return remove(r);
  return shown(problem(status::method_not_allowed)
                   .with("Allow", remove_ ? "GET, HEAD, PUT, DELETE" : "GET, HEAD, PUT"));
}

/// What is absent on disk is a conflict for PUT (409), as in WebDAV; GET and DELETE find nothing.
template <class T>
task<response> basic_writable_files<T>::put(request& r) const {
  const auto conflict_if_absent = [](const error& why) {
    const bool absent = why.kind() == error_kind::io && why.status_hint() == 404;
    return absent ? error(why.kind(), why.message(), 409) : why;
  };
  if (auto bad = refuse_content(r)) co_return shown(std::move(*bad));
  auto at = find_target(r);
  if (!at) co_return refused(conflict_if_absent(at.error()));
  if (auto fit = judge(r, *at); !fit) co_return refused(fit.error());

  auto file = files::upload::begin(at->where);
  if (!file) co_return refused(file.error());
  std::uint64_t total = 0;
  for (bool ended = false; !ended;) {
    const auto piece = co_await r.body.next();
    if (!piece) co_return shown(body_problem(piece.error()));
    ended = piece->empty();
    total += piece->size();
    if (total > largest_) co_return shown(problem(status::content_too_large));
    if (auto written = file->write(*piece); !written) co_return refused(written.error());
    if (!durable_ || !(ended || file->should_wait())) continue;
    auto flushing = wait_for_disk(r, file->disk_wait_for_content());
    if (auto flushed = co_await flushing; !flushed) co_return refused(flushed.error());
  }
  auto names = at->where.disk_wait_for_names();  // for which there has to be a descriptor, else nothing is changed
  if (durable_ && !names) co_return refused(names.error());
  auto made = commit(r, *at, *file);
  if (!made) co_return refused(conflict_if_absent(made.error()));
  if (durable_) {
    auto flushing = wait_for_disk(r, std::move(*names));
    if (auto flushed = co_await flushing; !flushed) co_return refused(flushed.error());
  }
  co_return std::move(*made);
}

template <class T>
result<response> basic_writable_files<T>::commit(const request& r, target& at, files::upload& file) const {
  const std::lock_guard lock(shared_->commits);
  if (auto known = look(at); !known) return known.error();
  if (auto fit = judge(r, at); !fit) return fit.error();
  const bool only_new = !replace_ || ascii::trim(r.fields["If-None-Match"]) == "*";
  const auto stamp = only_new ? file.commit_new() : file.commit();
  if (!stamp) return stamp.error();
  response made = at.exists ? response(status::no_content) : problem(status::created);
  made.fields.add("ETag", files::entity_tag_of(*stamp));
  return made;
}

template <class T>
task<response> basic_writable_files<T>::remove(request& r) const {
  const auto at = removed(r);
  if (!at) co_return refused(at.error());
  if (durable_) {
    auto names = at->where.disk_wait_for_names();
    if (!names) co_return refused(names.error());
    auto flushing = wait_for_disk(r, std::move(*names));
    if (auto flushed = co_await flushing; !flushed) co_return refused(flushed.error());
  }
  co_return response(status::no_content);
}

/// Removes what the request names. Gives where it was.
template <class T>
result<typename basic_writable_files<T>::target> basic_writable_files<T>::removed(const request& r) const {
  auto at = find_target(r);
  if (!at) return at.error();
  const std::lock_guard lock(shared_->commits);
  if (auto known = look(*at); !known) return known.error();
  if (!at->exists) return error(error_kind::invalid_argument, "file: not there", 404);
  if (auto fit = judge(r, *at); !fit) return fit.error();
  if (auto removed = at->where.remove(); !removed) return removed.error();
  return at;
}

/// What can be told from the head alone, before anybody sends a body.
template <class T>
std::optional<response> basic_writable_files<T>::refuse_content(const request& r) const {
  if (r.fields.contains("Content-Range")) return problem(status::bad_request);  // 14.4
  const auto codings = r.fields.combined("Content-Encoding").value_or(std::string());
  for (std::string_view left = codings; const auto coding = ascii::take_list_element(left);)
    if (!ascii::equal_ignoring_case(*coding, "identity"))
      return problem(status::unsupported_media_type).with("Accept-Encoding", "identity");
  if (const auto length = r.body.length(); length && *length > largest_)
    return problem(status::content_too_large);
  return std::nullopt;
}

template <class T>
result<typename basic_writable_files<T>::target> basic_writable_files<T>::find_target(const request& r) const {
  const auto& options = files_.options();
  const auto below = files::below_prefix(r.path(), options.strip_prefix);
  if (!below) return error(error_kind::invalid_argument, "path: not below the mount", 404);
  auto name = safe_path(below->empty() ? "/" : *below, {.dot_files = options.dot_files});
  if (!name) return name.error();
  if (*name == "." || name->ends_with('/'))
    return error(error_kind::invalid_argument, "path: names a directory", 409);
  auto where = files::place::open(files_.root(), *name);
  if (!where) return where.error();
  target at{.name = std::move(*name), .where = std::move(*where)};
  if (auto known = look(at); !known) return known.error();
  return at;
}

/// Finds out what the name leads to now: a file that GET would give, or nothing at all.
template <class T>
result<void> basic_writable_files<T>::look(target& at) const {
  at.exists = false;
  if (at.where.look() == files::occupant::nothing) return {};
  const auto found = files_.root().find(at.name);
  if (!found) return found.error();
  if (found->stamp.is_directory)
    return error(error_kind::invalid_argument, "path: names a directory", 409);
  at.exists = true;
  at.etag = files::entity_tag_of(found->stamp);
  at.modified = found->stamp.modified;
  return {};
}

/// The conditions (RFC 9110 13); in front of them whether PUT may replace what is there: what is refused
/// without conditions is refused with them (13.2.1).
template <class T>
result<void> basic_writable_files<T>::judge(const request& r, const target& at) const {
  if (at.exists && !replace_ && r.method == method::put)
    return error(error_kind::invalid_argument, "file: there already", 409);
  const representation_facts current{.etag = at.exists ? at.etag : std::string_view(),
                                     .last_modified = at.exists ? at.modified : std::nullopt, .exists = at.exists,
                                     .now = files::now_for(r)};
  if (evaluate_preconditions(r.method, r.fields, current) == precondition_verdict::precondition_failed)
    return error(error_kind::invalid_argument, "condition: not met", 412);
  return {};
}

}  // namespace tinyhttp
