// tinyhttp/net/find_addresses.hpp -- the addresses of a host and a port.
//
// Numbers, the host map and `localhost` need no resolver; other names are resolved (resolver.hpp), until the deadline
// at most.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/clock.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/net/address.hpp>
#include <tinyhttp/net/connect_options.hpp>
#include <tinyhttp/net/descriptor.hpp>
#include <tinyhttp/net/host_map.hpp>
#include <tinyhttp/net/resolve.hpp>
#include <tinyhttp/net/resolver.hpp>
#include <tinyhttp/net/system.hpp>

#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>

namespace tinyhttp::net {

/// The addresses to connect to for `host` and `port`; the host map of `with` comes first. If the map has several
/// names, those without an address are left out, unless none has one. `Waiting` as in waiting.hpp. Fails with
/// `resolve HOST: cause`; of kind `timeout` at `end`. The arguments must outlive the task.
template <class Waiting>
[[nodiscard]] task<result<std::vector<address>>> find_addresses(Waiting& waits,
                                                                std::string_view host,
                                                                std::uint16_t port,
                                                                const connect_options& with,
                                                                time_point end);

/// `localhost` and names below it, which mean this machine whatever a name server says (RFC 6761 6.3).
[[nodiscard]] inline bool is_localhost(std::string_view name) noexcept;

// ---------------------------------------------------------------------------------------------

inline bool is_localhost(std::string_view name) noexcept {
  if (name.ends_with('.')) name.remove_suffix(1);
  return ascii::equal_ignoring_case(name, "localhost") ||
         ascii::ends_with_ignoring_case(name, ".localhost");
}

namespace detail {

inline std::vector<address> loopback(std::uint16_t port) {
  return {*address::parse("::1", port), *address::parse("127.0.0.1", port)};
}

/// The addresses of one host: as it stands there, of this machine, or asked for until `end`.
template <class Waiting>
task<result<std::vector<address>>> find_unmapped(Waiting& waits, std::string_view host,
                                                 std::uint16_t port, const connect_options& with,
                                                 time_point end) {
  const auto literal = address_of_literal(host, port);
  if (!literal) co_return literal.error();
  if (literal->is_known()) co_return std::vector{*literal};
  if (is_localhost(host)) co_return loopback(port);
  resolver& asked = with.resolver != nullptr ? *with.resolver : resolver::common();
  const auto question = asked.ask(host);
  if (!question) co_return question.error();
  // Others of this loop may wait for the same answer, and a poller takes each descriptor but once.
  const descriptor own(::fcntl((*question)->native(), F_DUPFD_CLOEXEC, 0));
  if (!own) co_return system_error("resolve " + std::string(host), errno, error_kind::resolve);
  pollfd set[2] = {{own.get(), POLLIN, 0}, {-1, 0, 0}};
  while (!(*question)->is_answered()) {
    const std::int64_t status = co_await waits.ready(set, end);
    if (status == 0) continue;
    const std::string line = "resolve " + std::string(host);
    if (status == -ETIMEDOUT) co_return error(error_kind::timeout, line + ": timed out");
    if (status == -ECANCELED) co_return error(error_kind::cancelled, line + ": told to stop");
    co_return system_error(line, static_cast<int>(-status), error_kind::resolve);
  }
  result<std::vector<address>> found = (*question)->answer();
  if (found)
    for (address& each : *found) each = each.with_port(port);
  co_return found;
}

}  // namespace detail

template <class Waiting>
task<result<std::vector<address>>> find_addresses(Waiting& waits, std::string_view host,
                                                  std::uint16_t port, const connect_options& with,
                                                  time_point end) {
  const host_mapping* mapped = find_mapping(with.hosts, host, port);
  if (mapped != nullptr && mapped->to_port != 0) port = mapped->to_port;
  std::vector<std::string> hosts;
  if (mapped != nullptr) hosts = mapped->to;
  if (hosts.empty()) hosts.emplace_back(host);
  std::vector<address> all;
  result<void> looked;  // the first that was not found
  for (const std::string& each : hosts) {
    auto finding = detail::find_unmapped(waits, each, port, with, end);
    const result<std::vector<address>> found = co_await finding;
    if (found) {
      all.insert(all.end(), found->begin(), found->end());
      continue;
    }
    if (found.error().kind() != error_kind::resolve) co_return found.error();  // out of time, or told to stop
    if (looked) looked = found.error();
  }
  if (!looked && all.empty()) co_return looked.error();
  co_return all;
}

}  // namespace tinyhttp::net
