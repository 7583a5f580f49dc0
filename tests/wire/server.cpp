// The wire table against the real server: over memory, cut in several ways, and over sockets.
#include "meaning.hpp"

#include "catch.hpp"
#include "server/support.hpp"

#include <tinyhttp/server/server.hpp>

#include <cstddef>
#include <limits>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace tinyhttp;
using namespace wire;

namespace {

/// What a handler was given, in the lines of a transcript, from any thread.
class journal {
 public:
  /// A handler that writes down what it gets and answers 404 with a body.
  [[nodiscard]] any_handler handler() {
    return [this](const request& r) {
      std::string start(r.method.name());
      start.append(" ").append(r.target.text()).append(" ").append(version_text(r.version));
      const auto* section = r.body.trailers();
      const std::lock_guard<std::mutex> lock(mutex_);
      lines_ += message_lines(start, field_lines(r.fields), r.body.text(),
                              section != nullptr ? field_lines(*section) : std::string(),
                              h1::wants_keep_alive(r.version, r.fields));
      return text("no", status::not_found);
    };
  }
  [[nodiscard]] std::string take() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return std::exchange(lines_, {});
  }

 private:
  std::mutex mutex_;
  std::string lines_;
};

/// The statuses of the final answers in `octets`, each followed by a space. `head`: the first one
/// answers HEAD.
std::string statuses(std::string octets, bool head) {
  std::string all;
  while (!octets.empty()) {
    const auto one = server_test::take_answer(octets, head);
    if (one.status == 0) return all + "and " + octets;
    if (one.status < 200) continue;
    all += std::to_string(one.status) + " ";
    head = false;
  }
  return all;
}

/// What the handler should have seen, and what should have come back, of `c` and a request behind.
struct expectation {
  std::string seen;
  std::string statuses;
};

expectation expect(const request_case& c) {
  static const auto next = message_lines("GET /behind HTTP/1.1", "Host: behind\n", "", "", true);
  if (c.at != fault::none) return {"", std::to_string(c.status) + " "};
  return {meaning(c) + (c.keep_alive ? next : ""), c.keep_alive ? "404 404 " : "404 "};
}

/// A body that is refused before it is read, for its length, is refused with 413.
bool is_too_long(const request_case& c) {
  return c.at == fault::close && c.octets.find("Content-Length: 4") != std::string::npos;
}

bool is_head(const request_case& c) { return c.at == fault::none && c.method == "HEAD"; }

}  // namespace

TEST_CASE("the server gives every request of the wire table its meaning", "[wire][server][rfc9112]") {
  journal seen;
  for (const auto& c : requests()) {
    INFO(c.says << "\n" << visible(c.octets));
    const auto wanted = expect(c);
    const std::string octets = c.at == fault::close ? c.octets : c.octets + std::string(request_behind);
    for (const std::size_t fragment : {std::numeric_limits<std::size_t>::max(), std::size_t{1}, std::size_t{7}}) {
      INFO("in fragments of " << fragment);
      server_test::served_in_memory served(seen.handler(), {}, {.fragment = fragment});
      served.send(octets);
      if (c.at == fault::close || wanted.statuses == "404 404 ") CHECK(served.pair.second.shutdown_send());
      const auto back = statuses(served.until_served(), is_head(c));
      CHECK(back == (is_too_long(c) ? "413 " : wanted.statuses));
      CHECK(seen.take() == wanted.seen);
    }
  }
}

TEST_CASE("the server gives every request of the wire table its meaning over sockets, and its answer arrives",
          "[wire][server][net][rfc9112]") {
  const auto backend = GENERATE(net::backend::best, net::backend::poll);
  journal seen;
  const server under_test(seen.handler(), {.port = 0, .backend = backend});
  for (const auto& c : requests()) {
    INFO(c.says << "\n" << visible(c.octets));
    const auto wanted = expect(c);
    server_test::raw_client client(under_test);
    const std::string octets = c.at == fault::close ? c.octets : c.octets + std::string(request_behind);
    const std::size_t middle = c.octets.size() / 2;  // what is behind comes with the end
    client.send(std::string_view(octets).substr(0, middle));
    client.send(std::string_view(octets).substr(middle));
    client.half_close();
    const auto back = statuses(client.rest(), is_head(c));
    CHECK(client.end == 0);  // closed in good order: no reset may eat an answer
    CHECK(back == (is_too_long(c) ? "413 " : wanted.statuses));
    CHECK(seen.take() == wanted.seen);
  }
}
