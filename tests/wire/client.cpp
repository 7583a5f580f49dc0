// The wire table against the real client: over memory, cut in several ways, and over sockets.
#include "meaning.hpp"

#include "catch.hpp"
#include "client/support.hpp"

#include <tinyhttp/client/client.hpp>

#include <cstddef>
#include <limits>
#include <atomic>
#include <string>
#include <string_view>
#include <utility>

using namespace tinyhttp;
using namespace wire;

namespace {

/// What a client's caller was given, in the lines of a transcript.
std::string lines_of(const response& r, const std::string& interim, bool keep_alive) {
  const auto* section = r.body.trailers();
  return interim + message_lines(status_text(r.status.code()), field_lines(r.fields), r.body.text(),
                                 section != nullptr ? field_lines(*section) : std::string(), keep_alive);
}

informational_sink into(std::string& interim) {
  return [&interim](status code, const fields& f) {
    interim.append("interim ").append(status_text(code.code())).append("\n").append(field_lines(f));
  };
}

}  // namespace

TEST_CASE("the client gives every response of the wire table its meaning", "[wire][client][rfc9112]") {
  for (const auto& c : responses()) {
    INFO(c.says << "\n" << visible(c.octets));
    for (const std::size_t fragment : {std::numeric_limits<std::size_t>::max(), std::size_t{1}, std::size_t{7}}) {
      for (const bool trailing : {false, true}) {
        INFO("in fragments of " << fragment << (trailing ? ", with octets behind" : ""));
        const bool until_close = c.at == fault::close || c.until_close;
        if (trailing && until_close) continue;
        client_test::memory_peer peer({.fragment = fragment});
        peer.say(trailing ? c.octets + std::string(response_behind) : c.octets, until_close);
        std::string interim;
        auto sink = into(interim);
        exchange_options with;
        with.informational = &sink;
        const auto answer = peer.ask(question_of(c), with);
        CHECK(answer.has_value() == (c.at == fault::none));
        if (!answer) {
          CHECK(peer.idle == nullptr);
          continue;
        }
        // With octets behind it that were read along, a connection is not kept.
        if (!trailing) CHECK((peer.idle != nullptr) == c.keep_alive);
        else if (fragment > 7) CHECK(peer.idle == nullptr);
        CHECK(lines_of(*answer, interim, c.keep_alive) == meaning(c));
      }
    }
  }
}

TEST_CASE("the client gives every response of the wire table its meaning over sockets", "[wire][client][net]") {
  const auto table = responses();
  std::atomic<std::size_t> current{0};  // read by the server's threads
  client_test::scripted_server server([&](net::socket& s, int) {
    if (client_test::read_request(s).empty()) return;
    const std::string_view octets = table[current].octets;
    if (!s.send_all(octets.substr(0, octets.size() / 2))) return;
    static_cast<void>(s.send_all(octets.substr(octets.size() / 2)));
  });
  for (; current < table.size(); ++current) {
    const auto& c = table[current];
    if (c.asked == "CONNECT") continue;  // not a call of a client
    INFO(c.says << "\n" << visible(c.octets));
    client fresh;
    std::string interim;
    call_options how;
    how.method = method(c.asked);
    how.informational = into(interim);
    const auto answer = fresh.call(server.url(), std::move(how));
    CHECK(answer.has_value() == (c.at == fault::none));
    if (answer) CHECK(lines_of(*answer, interim, c.keep_alive) == meaning(c));
  }
}
