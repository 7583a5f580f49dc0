// Events for many pages at once: what each of them gets, and when a stream ends.
#include <tinyhttp/app/event_channel.hpp>
#include <tinyhttp/core/owned.hpp>

#include "catch.hpp"
#include "manual_context.hpp"

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace tinyhttp;

namespace {

/// A page on a loop that the test turns by hand. It never says that it is silent.
class page {
 public:
  explicit page(event_channel& to, std::string_view seen = {}) {
    if (!seen.empty()) asks_.fields.set("Last-Event-ID", seen);
    asks_.context = &loop;
    answer_ = to.subscribe(asks_);
    pull();
  }
  /// What there is, as far as nothing has to be waited for.
  std::string received() {
    while (!loop.is_empty()) loop.run_one();
    std::string all;
    while (pulling_.done() && !ended) {
      const std::string piece(pulling_.take().value());
      all += piece;
      ended = piece.empty();
      pull();
    }
    return all;
  }
  void leave() {
    pulling_.reset();
    answer_.body.clear();
  }

  struct silent_loop final : request_context, tinyhttp::clock {
    [[nodiscard]] std::string_view peer() const noexcept override { return {}; }
    [[nodiscard]] bool cancelled() const noexcept override { return false; }
    [[nodiscard]] task<result<void>> inform(status, const fields&) override { return ready_task(result<void>()); }
    [[nodiscard]] tinyhttp::clock& clock() noexcept override { return *this; }
    [[nodiscard]] time_point now() noexcept override { return {}; }
    [[nodiscard]] std::int64_t unix_seconds() noexcept override { return 0; }
    [[nodiscard]] task<void> wait_until(time_point) override {
      std::suspend_always for_ever;
      co_await for_ever;
    }
    void post(function<void()> work) override { posted.post(std::move(work)); }
    [[nodiscard]] bool is_empty() { return posted.is_empty(); }
    void run_one() { posted.run_one(); }
    manual_context posted;
  };
  silent_loop loop;
  bool ended = false;

 private:
  void pull() {
    pulling_ = answer_.body.next();
    pulling_.try_start();
  }
  request asks_ = request::get("/");
  response answer_;
  task<result<std::string_view>> pulling_;
};

std::string without_loop(event_channel& to, std::string_view seen) {
  response answer = to.subscribe(request::get("/", {{"Last-Event-ID", seen}}));
  auto reading = answer.body.read_all();
  REQUIRE(reading.try_start());
  return std::string(reading.take().value());
}

}  // namespace

TEST_CASE("every page gets what is published once it is there", "[app][events]") {
  event_channel news;
  CHECK(news.publish({"nobody hears this"}));
  page first(news);
  CHECK(first.received().empty());
  CHECK(news.publish({"1", "tick"}));
  page second(news);
  CHECK(news.publish({"2"}));
  CHECK(first.received() == "event: tick\ndata: 1\n\ndata: 2\n\n");
  CHECK(second.received() == "data: 2\n\n");
  CHECK(first.received().empty());
  CHECK(news.publish({"3"}));
  CHECK(second.received() == "data: 3\n\n");
  CHECK(first.received() == "data: 3\n\n");
  CHECK_FALSE(first.ended);
}

TEST_CASE("a burst wakes a page once", "[app][events]") {
  event_channel news;
  page one(news);
  for (int i = 0; i < 100; ++i) CHECK(news.publish({"x"}));
  one.loop.run_one();
  CHECK(one.loop.is_empty());
  CHECK(one.received().size() == 100 * std::string_view("data: x\n\n").size());
}

TEST_CASE("a page that comes back goes on behind what it saw, while that is kept", "[app][events]") {
  event_channel news({.kept = 3});
  CHECK(without_loop(news, "1").empty());
  for (const char* id : {"1", "2", "3", "4"}) CHECK(news.publish({.data = id, .id = id}));
  CHECK(without_loop(news, "2") == "id: 3\ndata: 3\n\nid: 4\ndata: 4\n\n");
  CHECK(without_loop(news, "3") == "id: 4\ndata: 4\n\n");
  CHECK(without_loop(news, "4").empty());
  CHECK(without_loop(news, "1").empty());  // no longer: it begins with what comes next
  CHECK(without_loop(news, "").empty());
  page back(news, "3");
  CHECK(news.publish({.data = "5", .id = "5"}));
  CHECK(back.received() == "id: 4\ndata: 4\n\nid: 5\ndata: 5\n\n");
  CHECK(news.publish({.data = "again", .id = "3"}));
  CHECK(without_loop(news, "3").empty());  // behind the later of the two
}

TEST_CASE("a page that falls behind what is kept is ended, and holds nobody up", "[app][events]") {
  for (const std::size_t kept : {std::size_t{3}, std::size_t{1}, std::size_t{0}}) {
    event_channel news({.kept = kept});
    page slow(news);
    page quick(news);
    for (int i = 0; i < 4; ++i) {
      CHECK(news.publish({"x"}));
      CHECK(quick.received() == "data: x\n\n");
    }
    CHECK(slow.received().empty());
    CHECK(slow.ended);
    CHECK_FALSE(quick.ended);
  }
}

TEST_CASE("what cannot be written is published to nobody", "[app][events]") {
  event_channel news;
  page one(news);
  CHECK(news.publish({.data = "x", .type = "a\nb"}).error().kind() == error_kind::invalid_argument);
  CHECK(one.received().empty());
  CHECK(one.loop.is_empty());
}

TEST_CASE("a channel that closes ends its streams behind what was published, and asks nobody back", "[app][events]") {
  std::optional<event_channel> news(std::in_place);
  page by_close(*news);
  CHECK(news->publish({"1"}));
  news->close();
  CHECK(news->publish({"2"}));
  CHECK(by_close.received() == "data: 1\n\n");
  CHECK(by_close.ended);
  CHECK(news->subscribe(request::get("/")).status == status::no_content);

  news.emplace();
  page by_end(*news);
  page left(*news);
  left.leave();
  news.reset();
  CHECK(by_end.received().empty());
  CHECK(by_end.ended);
  CHECK(left.loop.is_empty());
}

TEST_CASE("pages may leave in any order, woken or not", "[app][events][cancel]") {
  event_channel news;
  for (std::size_t leaves = 0; leaves < 3; ++leaves) {
    std::vector<owned<page>> pages;
    for (int i = 0; i < 3; ++i) pages.push_back(owned<page>(new page(news)));
    pages[leaves]->leave();
    CHECK(news.publish({"1"}));
    for (std::size_t i = 0; i < 3; ++i) CHECK(pages[i]->loop.is_empty() == (i == leaves));
    page& woken = *pages[(leaves + 1) % 3];
    woken.leave();  // what was posted to it finds nobody
    woken.loop.run_one();
    CHECK(pages[(leaves + 2) % 3]->received() == "data: 1\n\n");
  }
}
