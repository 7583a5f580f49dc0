#include "server/support.hpp"

#include "allocations.hpp"

#include <tinyhttp/http/body.hpp>
#include <tinyhttp/server/budget.hpp>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <fcntl.h>

using namespace server_test;

namespace {

/// Content that is in no file and takes no memory.
struct zeros final : content_source {
  result<std::size_t> read_at(std::uint64_t, std::span<char> into) const override {
    std::fill(into.begin(), into.end(), '0');
    return into.size();
  }
};

/// One served connection over a socket; what its peer holds is in the kernel.
class served_socket {
 public:
  served_socket(any_handler app, const server_options& with)
      : options_(with), app_(std::move(app)), loop_({.time = &time_}), services_(options_, loop_), host_(app_, services_) {
    auto pair = net_test::connected_sockets(AF_UNIX);
    peer_ = std::move(pair.theirs);
    REQUIRE(::fcntl(peer_.native(), F_SETFL, O_NONBLOCK) == 0);
    stream_.emplace(loop_, std::move(pair.ours), pair.peer);
    serving_.emplace(*stream_, host_);
    (void)app_(request::get("/"));  // what the handler shares is made now
    count([&] {
      running_ = serving_->run();
      running_.start();
    });
  }
  ~served_socket() {
    running_.reset();
    stream_->close();
  }
  /// As much as the system takes, `piece` octets at a time, with the server at work in between.
  /// False: it takes no more.
  bool send(std::string_view octets, std::size_t piece = 100'000) {
    while (!octets.empty()) {
      const ssize_t count = ::send(peer_.native(), octets.data(), std::min(octets.size(), piece), MSG_NOSIGNAL);
      work();
      if (count <= 0) return false;
      octets.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  std::string receive(std::size_t most) {
    std::string got(most, '\0');
    const ssize_t count = ::recv(peer_.native(), got.data(), most, 0);
    got.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    work();
    return got;
  }
  [[nodiscard]] std::uint64_t most_held() const { return static_cast<std::uint64_t>(most_); }

 private:
  void work() {
    count([&] {
      for (int i = 0; i < 4; ++i) loop_.run_once(duration::zero());
    });
  }
  /// Only what the server asks for, not the test.
  template <class F>
  void count(const F& f) {
    const std::ptrdiff_t before = octets_held();
    reset_peak();
    f();
    most_ = std::max(most_, held_ + peak_of_octets_held() - before);
    held_ += octets_held() - before;
  }
  const server_options& options_;
  any_handler app_;
  net_test::held_time time_;
  net::loop loop_;
  server_services services_;
  connection_host<net::tcp_stream> host_;
  net::socket peer_;
  std::optional<net::tcp_stream> stream_;
  std::optional<served_connection<net::tcp_stream>> serving_;
  task<void> running_;
  std::ptrdiff_t held_ = 0;
  std::ptrdiff_t most_ = 0;
};

response answer_of(const request& r) {
  static const auto small = std::make_shared<const std::string>(1000, 'x');
  static const auto larger = std::make_shared<const std::string>(16'000, 'x');
  static const auto huge = std::make_shared<const std::string>(5'000'000, 'x');
  static const auto generated = std::make_shared<const zeros>();
  if (r.target.text() == "/larger") return response(status::ok, {}, body(larger));
  if (r.target.text() == "/huge") return response(status::ok, {}, body(huge));
  if (r.target.text() == "/generated")
    return response(status::ok, {}, body(content_slice{generated, 0, std::uint64_t{1} << 40}));
  return response(status::ok, {}, body(small));
}

struct attack {
  const char* name;
  std::function<void(served_socket&, const server_options&)> run;
};

const attack attacks[] = {
    {"pipelined requests without end, whose answers nobody reads", [](auto& s, auto&) {
       while (s.send(repeated(get("/larger"), 1000))) {
       }
     }},
    {"pipelined requests, whose answers are read", [](auto& s, auto&) {
       for (int i = 0; i < 100; ++i) {
         s.send(repeated(get(i % 2 ? "/" : "/larger"), 50));
         while (!s.receive(1'000'000).empty()) {
         }
       }
     }},
    {"a head that drips without end", [](auto& s, auto&) {
       s.send("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(200'000, 'x'), 97);
     }},
    {"a head that pours without end", [](auto& s, auto&) {
       s.send("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(1'000'000, 'x'));
     }},
    {"heads as large as may be", [](auto& s, auto& with) {
       const std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(with.limits.head - 40, 'x') + "\r\n\r\n";
       s.send(repeated(head, 5), 777);
     }},
    {"a head of as many fields as may be, behind another", [](auto& s, auto& with) {
       for (int i = 0; i < 3; ++i)
         s.send(get("/") + "GET / HTTP/1.1\r\nHost: a\r\n" + repeated("a:\r\n", with.limits.fields - 1) + "\r\n", 333);
     }},
    {"a target without end", [](auto& s, auto&) { s.send("GET /" + std::string(100'000, 'x')); }},
    {"a body in chunks of one octet, as large as may be and larger", [](auto& s, auto& with) {
       const auto most = static_cast<std::size_t>(with.body_limit);
       const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
       s.send(head + repeated("1\r\nx\r\n", 20'000) + "0\r\n\r\n");
       char size[16];
       std::snprintf(size, sizeof size, "%zx", most);
       s.send(head + size + "\r\n" + std::string(most, 'x') + "\r\n0\r\n\r\n", 5000);
       s.send(head + "fffffff\r\n" + std::string(3 * most, 'x'), 5000);
     }},
    {"a body of known length, then pipelined requests", [](auto& s, auto& with) {
       const auto most = static_cast<std::size_t>(with.body_limit);
       s.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(most) + "\r\n\r\n" +
                  std::string(most, 'x') + repeated(get("/"), 5000), 3000);
     }},
    {"extensions and trailers as long as may be", [](auto& s, auto& with) {
       s.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;" +
              std::string(with.limits.chunk_extensions - 10, 'x') + "\r\nx\r\n0\r\nX: " +
              std::string(with.limits.trailer - 20, 'x') + "\r\n\r\n", 700);
     }},
    {"a reader that does not read", [](auto& s, auto&) { s.send(get("/huge") + repeated(get("/"), 10'000)); }},
    {"a slow reader of generated content", [](auto& s, auto&) {
       s.send(get("/generated"));
       for (int i = 0; i < 100; ++i) s.receive(10'000);
     }},
    {"empty lines", [](auto& s, auto&) { s.send(repeated("\r\n", 10'000)); }},
};

}  // namespace

TEST_CASE("no peer makes a connection hold more than its budget", "[server][limit]") {
  if (!allocations_are_counted()) return;
  const std::size_t budget = GENERATE(std::size_t{0}, std::size_t{128 * 1024});
  server_options with;
  if (budget != 0) {
    with.memory_per_connection = budget;
    with.limits = {.target = 1024, .head = 4096, .fields = 50, .trailer = 1024};
    with.body_limit = 8 * 1024;
  }
  REQUIRE(memory_needed(with) <= (budget != 0 ? budget : 3'500'000));
  const std::uint64_t most = budget != 0 ? budget : memory_needed(with);
  std::uint64_t highest = 0;
  for (const auto& one : attacks) {
    INFO(one.name);
    served_socket s(answer_of, with);
    one.run(s, with);
    INFO(s.most_held() << " octets held of " << most);
    CHECK(s.most_held() > 1000);
    CHECK(s.most_held() <= most);
    highest = std::max(highest, s.most_held());
  }
  INFO("at most " << highest << " of " << most);
  CHECK(highest > most / 8);  // the sum is no fantasy
}

TEST_CASE("bounds that do not fit into the budget are refused at the start", "[server][limit]") {
  const auto started = server::start(answer_of, {.port = 0, .body_limit = 1'000'000, .memory_per_connection = 500'000});
  REQUIRE_FALSE(started);
  CHECK(started.error().kind() == error_kind::invalid_argument);
  const std::string line = started.error().message();
  CHECK(line.find("memory_per_connection is 500000, but body_limit and limits need ") != line.npos);
  CHECK(server::start(answer_of, {.port = 0, .body_limit = 1000, .memory_per_connection = 1'100'000}));
  CHECK_FALSE(server::start(answer_of, {.port = 0, .body_limit = ~std::uint64_t{0}, .memory_per_connection = 1'100'000}));
  CHECK_FALSE(server::start(answer_of, {.port = 0, .limits = {.fields = ~std::size_t{0}}, .memory_per_connection = 9'000'000}));
}

TEST_CASE("a small budget makes small buffers, and serves all the same", "[server][limit]") {
  served_in_memory s([](const request& r) { return text(std::string(r.body.text())); },
                     {.limits = {.target = 256, .head = 512, .fields = 20, .trailer = 256}, .body_limit = 1024, .memory_per_connection = 32 * 1024});
  REQUIRE(memory_needed(s.options) <= s.options.memory_per_connection);
  const connection_buffers buffers(s.options);
  CHECK(buffers.receive <= 513);
  CHECK(buffers.gather <= 1024);
  std::string back = s.exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1024\r\n\r\n" + std::string(1024, 'x') + get("/"));
  CHECK(take_answer(back).body == std::string(1024, 'x'));
  CHECK(take_answer(back).status == 200);
  back = s.exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1025\r\n\r\n");
  CHECK(take_answer(back).status == 413);
}
