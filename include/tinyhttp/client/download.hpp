// tinyhttp/client/download.hpp -- downloads a URL into a file: all of it, or an error and the old file.
//
// Resumes what an earlier attempt left, if the server still has the same representation (RFC 9110
// 13.1.5, 14.3); never joins pieces of two. The work is in download_run.hpp.
#pragma once

#include <tinyhttp/client/client.hpp>
#include <tinyhttp/client/download_options.hpp>
#include <tinyhttp/client/download_run.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/http/url.hpp>

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace tinyhttp {

/// Downloads `from` into the file `path`. The octets go to `PATH.part`, which becomes `PATH` when the last one
/// has arrived. On failure `PATH` is unchanged, unless only syncing its name failed. If the answer had a strong
/// validator, the part is left beside it and can be resumed, with the validator in `PATH.part.from`, even after a
/// kill or a power cut at any moment.
///
/// Blocks; `with` is a blocking client, which other threads may share. Requests no content coding and
/// decodes none: the file is what the server has.
/// Fails like `client::open` and reading its body, with `GET URL: 404 Not Found` (kind `protocol`,
/// the status as its hint), and with errors of the operating system about files.
template <class Client>
  requires(!std::is_convertible_v<Client&, std::string_view>)
[[nodiscard]] result<download_report> download(Client& with, std::string_view from,
                                               const std::string& path, download_options how = {});

/// The same with a client of its own, which follows up to 10 redirects.
template <class Client = client>
[[nodiscard]] result<download_report> download(std::string_view from, const std::string& path, download_options how = {});

/// The same into `directory` (empty: the current one), under the name that the server suggests (Content-Disposition,
/// RFC 6266), otherwise the last segment of the URL, otherwise `download`. The name never leads out of the directory,
/// begins with no dot, and replaces nothing: if it is taken, the error is `open PATH: file exists`.
template <class Client>
[[nodiscard]] result<download_report> download_to(Client& with, std::string_view from,
                                                  const std::string& directory,
                                                  download_options how = {});

// ---------------------------------------------------------------------------------------------

template <class Client>
  requires(!std::is_convertible_v<Client&, std::string_view>)
result<download_report> download(Client& with, std::string_view from, const std::string& path,
                                 download_options how) {
  const auto where = parse_url(from);
  if (!where) return where.error();
  detail::running_download<Client> running(with, *where, how);
  if (const auto opened = running.open(path); !opened) return opened.error();
  return running.run();
}

template <class Client>
result<download_report> download(std::string_view from, const std::string& path, download_options how) {
  client_options with;
  with.max_redirects = 10;
  Client once(std::move(with));
  return download(once, from, path, std::move(how));
}

template <class Client>
result<download_report> download_to(Client& with, std::string_view from,
                                    const std::string& directory, download_options how) {
  const auto where = parse_url(from);
  if (!where) return where.error();
  detail::running_download<Client> running(with, *where, how);
  running.name_into(directory);
  return running.run();
}

}  // namespace tinyhttp
