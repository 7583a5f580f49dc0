#include <tinyhttp/app/blocking.hpp>
#include <tinyhttp/app/recover.hpp>

#include <memory>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "../manual_context.hpp"
#include "catch.hpp"

using namespace tinyhttp;

namespace {

request get_on(manual_context& context, std::string_view target = "/") {
  request r = request::get(target);
  r.context = &context;
  return r;
}

}  // namespace

TEST_CASE("without a server a blocking handler runs in place", "[app][threads][blocking]") {
  std::thread::id ran_in;
  const auto app = blocking([&ran_in](const request&) {
    ran_in = std::this_thread::get_id();
    return text("done");
  });
  request r = request::get("/");
  CHECK(response(app(r)).body.text() == "done");
  CHECK(ran_in == std::this_thread::get_id());
}

TEST_CASE("a blocking handler runs elsewhere, and its response comes back to the loop",
          "[app][threads][blocking]") {
  manual_context loop;
  std::thread::id ran_in;
  const auto app = blocking([&ran_in](request& r) {
    ran_in = std::this_thread::get_id();
    return text(std::string(r.target.text())
                    .append(" ")
                    .append(r.body.text())
                    .append(" ")
                    .append(r.peer()));
  });
  request r = get_on(loop, "/a");
  r.body = stream_body([left = 2]() mutable { return std::string(left-- > 0 ? "ab" : ""); });

  auto made = app(r);
  REQUIRE(!made.is_ready());
  made.later().start();
  CHECK(!made.later().done());
  loop.run_one();
  REQUIRE(made.later().done());
  CHECK(made.later().take().body.text() == "/a abab 127.0.0.1:1");
  CHECK(ran_in != std::this_thread::get_id());
  CHECK(r.body.text() == "abab");  // it is back
  CHECK(r.context == &loop);
}

TEST_CASE("a blocking handler knows how its request came", "[app][threads][blocking]") {
  manual_context loop;
  const auto app = blocking([](const request& r) {
    const bool secure = r.context->is_secure();
    return text(r.context->peer_subject().append(secure ? " by TLS" : " in the clear"));
  });
  for (const bool secure : {true, false}) {
    loop.secure = secure;
    request r = get_on(loop);
    auto made = app(r);
    made.later().start();
    loop.run_one();
    CHECK(made.later().take().body.text() == (secure ? "CN=me by TLS" : " in the clear"));
  }
}

TEST_CASE("a blocking handler does not sleep until a time that has passed, however long ago", "[app][threads][blocking]") {
  manual_context loop;
  const auto app = blocking([](const request& r) {
    auto until = r.context->clock().wait_until(time_point::min());
    until.start();
    return text(until.done() ? "awake" : "asleep");
  });
  request r = get_on(loop);
  auto made = app(r);
  made.later().start();
  loop.run_one();
  CHECK(made.later().take().body.text() == "awake");
}

TEST_CASE("what a blocking handler throws is thrown on the loop thread",
          "[app][threads][blocking][recover]") {
  manual_context loop;
  std::string heard;
  const auto app = with_recover(
      blocking([](const request&) -> response { throw std::runtime_error("no table"); }),
      [&heard](const request&, std::string_view what) { heard = what; });
  request r = get_on(loop);
  auto made = app(r);
  made.later().start();
  loop.run_one();
  CHECK(made.later().take().status == status::internal_server_error);
  CHECK(heard == "no table");
}

TEST_CASE("a body beyond the limit keeps a blocking handler from running",
          "[app][threads][blocking]") {
  manual_context loop;
  int calls = 0;
  const auto app = blocking([&calls](const request&) { return ++calls, response(); });
  request r = get_on(loop);
  r.body = body("four");
  r.body.set_default_limit(3);
  auto made = app(r);
  made.later().start();
  REQUIRE(made.later().done());
  CHECK(made.later().take().status == status::content_too_large);
  CHECK(calls == 0);
}

TEST_CASE("a request that goes away leaves the worker with its own copy",
          "[app][threads][blocking][cancel]") {
  std::binary_semaphore begun(0), gone(0), seen(0);
  std::string after;
  bool cancelled = false;
  auto loop = std::make_unique<manual_context>();
  const auto app = blocking([&](const request& r) {
    begun.release();
    gone.acquire();
    after =
        std::string(r.target.text()).append(r.body.text()).append(r.fields["A"]).append(r.peer());
    cancelled = r.cancelled();
    if (r.context != nullptr) r.context->post([] { throw std::logic_error("never called"); });
    seen.release();
    return text("for nobody");
  });
  auto r = std::make_unique<request>(get_on(*loop, "/a-long-target-that-lives-on-the-heap"));
  r->fields.add("A", "field");
  r->body = body("a body that is too long for the small buffer of a string");
  {
    auto made = app(*r);
    made.later().start();
    begun.acquire();
  }  // the coroutine is destroyed while the handler runs
  r.reset();
  loop.reset();
  gone.release();
  seen.acquire();
  CHECK(after ==
        "/a-long-target-that-lives-on-the-heapa body that is too long for the small buffer of a "
        "stringfield127.0.0.1:1");
  CHECK(cancelled);
}

TEST_CASE("a response that comes when nobody waits any longer is dropped",
          "[app][threads][blocking][cancel]") {
  manual_context loop;
  const auto app = blocking([](const request&) { return text("late"); });
  request r = get_on(loop);
  {
    auto made = app(r);
    made.later().start();
    while (loop.is_empty()) std::this_thread::yield();  // it has been posted, and not run
  }
  loop.run_one();
  CHECK(loop.is_empty());
}

TEST_CASE("more requests than a pool may hold are refused at once",
          "[app][threads][blocking][limit]") {
  manual_context loop;
  std::counting_semaphore<8> begun(0), go(0);
  int calls = 0;
  const auto app = blocking(
      [&](const request&) {
        begun.release();
        go.acquire();
        ++calls;
        return response();
      },
      {.threads = 1, .waiting = 1});
  request first = get_on(loop), second = get_on(loop), third = get_on(loop);
  auto running = app(first), waiting = app(second), refused = app(third);
  running.later().start();
  begun.acquire();
  waiting.later().start();
  refused.later().start();
  REQUIRE(refused.later().done());
  CHECK(refused.later().take().status == status::service_unavailable);
  CHECK(third.context == &loop);

  go.release(2);
  loop.run_one();
  loop.run_one();
  CHECK(running.later().take().status == status::ok);
  CHECK(waiting.later().take().status == status::ok);
  CHECK(calls == 2);
}

TEST_CASE("work whose asker has gone is not begun", "[app][threads][blocking][cancel]") {
  manual_context loop;
  std::counting_semaphore<8> begun(0), go(0);
  int calls = 0;
  {
    const auto app = blocking(
        [&](const request&) {
          ++calls;
          begun.release();
          go.acquire();
          return response();
        },
        {.threads = 1});
    request first = get_on(loop), second = get_on(loop), third = get_on(loop);
    auto running = app(first), last = app(third);
    running.later().start();
    begun.acquire();
    {
      auto waiting = app(second);
      waiting.later().start();
    }
    last.later().start();
    go.release(2);
    loop.run_one();
    loop.run_one();
    CHECK(last.later().done());
  }
  CHECK(calls == 2);
}
