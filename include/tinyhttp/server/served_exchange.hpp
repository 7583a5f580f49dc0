// tinyhttp/server/served_exchange.hpp -- the state of a connection while it handles requests.
//
// The declaration; how requests are served is in serve.hpp, how their handler is called in handling.hpp, their bodies
// in request_body.hpp, what is answered in answers.hpp. It consists of plain functions, which run as long as nothing
// has to be waited for, and a coroutine that does the waiting. RFC 9112 9.
#pragma once

#include <tinyhttp/app/handler.hpp>
#include <tinyhttp/core/atomic.hpp>
#include <tinyhttp/core/buffer.hpp>
#include <tinyhttp/core/held_here.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/h1/connection.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/response.hpp>
#include <tinyhttp/net/stream.hpp>
#include <tinyhttp/net/waiter.hpp>
#include <tinyhttp/server/options.hpp>
#include <tinyhttp/server/pace.hpp>
#include <tinyhttp/server/served_connection.hpp>
#include <tinyhttp/server/services.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttp {

/// Lent by its loop to one connection at a time, and reused. Loop thread only.
template <looped_stream S>
class served_exchange final : public request_context {
 public:
  explicit served_exchange(connection_host<S>& host)
      : host_(host), wire_(h1::side::server, host.services.options.limits),
        sending_(host.services.options.patience, least_rate<S>::direction::sending) {}
  [[gnu::cold]] ~served_exchange() override {
    give_up();
  }

  /// Serves `of` from now on, which must outlive this service.
  void begin(served_connection<S>& of) noexcept {
    connection_ = &of;
    loop_ = &of.stream_.loop();
    peer_.clear();
    stage_ = stage::receiving;
    in_head_ = unclean_ = false;
  }

  enum class outcome : std::uint8_t {
    idle,      // everything received has been answered
    composed,  // there are answers to send: `go_on_at_once`, preferably after `others`
    waits,     // `serve` has to continue
    over,      // the connection must be closed
  };
  /// Answers what has been received, as long as nothing has to be waited for.
  [[nodiscard]] outcome answer_at_once();
  /// Sends the answers, and continues like `answer_at_once`. Never returns `composed`.
  [[nodiscard]] outcome go_on_at_once() { return answer_what_came(); }
  /// Ends in this turn of the loop, when a few others have composed their answers, too.
  class behind_others : public net::waiter {
   public:
    explicit behind_others(served_exchange& of) noexcept : waiter(always), of_(of) {}
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> awaiter) noexcept {
      handle = awaiter;
      of_.loop_->schedule_soon(*this);
    }
    void await_resume() const noexcept {}

   private:
    served_exchange& of_;
  };
  [[nodiscard]] behind_others& others() noexcept { return others_; }
  /// Continues from there. True: the connection idles. False: it must be closed.
  [[nodiscard]] task<bool> serve();

  [[nodiscard]] bool is_handling() const noexcept { return handling_; }
  /// Drops its state, to serve another connection. False: it has grown too large for that.
  [[nodiscard]] bool is_renewed(bool idle) noexcept;

  // request_context
  [[nodiscard]] std::string_view peer() const noexcept override {
    try {
      if (peer_.empty()) peer_ = stream().peer().to_string();
    } catch (...) {  // no memory
    }
    return peer_;
  }
  [[nodiscard]] bool is_secure() const noexcept override { return is_secured_stream<S>; }
  [[nodiscard]] std::string peer_subject() const override {
    if constexpr (is_secured_stream<S>) return stream().session()->peer_subject();
    else return {};
  }
  [[nodiscard]] bool cancelled() const noexcept override { return stream().peer_gone(); }
  [[nodiscard]] bool stopping() const noexcept override { return services().ending.load(threading::memory_order::relaxed); }
  [[nodiscard, gnu::cold]] task<void> wait_until(time_point when) override {
    stop_or_time either(stream().loop(), services(), when);
    co_await either;
  }
  [[nodiscard, gnu::cold]] task<result<void>> inform(status code, const fields& with) override;
  [[nodiscard]] tinyhttp::clock& clock() noexcept override { return services().clock(); }
  void post(function<void()> work) override { services().post(std::move(work)); }

 private:
  class incoming_body;
  class taken_over;
  class end_of_waiting;
  class end_of_flushing;
  class waiting_for_peer;
  enum class stage : std::uint8_t {
    receiving,  // a head, or the rest of one
    handling,   // the application has the request, and will have an answer
    large,      // the head of the answer is composed, the body goes its own way
    answered,   // all of the answer is composed, and some may be sent
    over,       // nothing more is read; what is composed still goes out
  };
  using write_operation = decltype(std::declval<S&>().write(std::span<const std::string_view>()));
  using send_file_operation = decltype(std::declval<S&>().send_file(0, 0, 0));

  static constexpr std::size_t at_once_size = 256 * 1024;  // octets of a body sent in one go
  static constexpr std::size_t largest_kept = 256 * 1024;  // octets of a buffer that is used again

  [[nodiscard]] S& stream() const noexcept { return connection_->stream_; }
  [[nodiscard]] server_services& services() const noexcept { return host_.services; }
  [[nodiscard]] const server_options& options() const noexcept { return host_.services.options; }
  [[nodiscard]] const connection_buffers& buffers() const noexcept { return host_.services.buffers; }
  [[nodiscard]] bool is_share_used_up() noexcept {
    return connection_->share_.is_used_up(*loop_);
  }
  /// Of the running exchange; null while there is none.
  [[nodiscard]] response* outgoing() noexcept {
    return answer_ && answer_->is_ready() ? &answer_->now() : nullptr;
  }

  /// Room to receive into, the loop's while nobody else has something in there.
  [[nodiscard]] std::span<char> room() {
    wire_.take_memory(host_.receiving);
    return wire_.room(buffers().receive);
  }
  void give_back_room() noexcept { wire_.give_memory(host_.receiving, largest_kept); }

  // The way of a request; see serve.hpp.
  [[nodiscard]] outcome answer_what_came();
  bool next_request();
  void call_handler();
  void note_handlers();
  [[nodiscard]] response failed_handler() noexcept;
  [[nodiscard]] bool must_hang_up() const noexcept;
  /// The server ends, and no other request has come already.
  [[nodiscard]] bool is_last_answer() {
    return services().ending.load(threading::memory_order::relaxed) &&
           (!wire_.incoming_done() || !has_more_come());
  }
  [[nodiscard, gnu::cold]] bool has_more_come();
  [[nodiscard]] bool ends_behind_a_wait() noexcept;
  [[nodiscard]] bool is_taken_over() noexcept;
  [[nodiscard]] bool must_linger() noexcept { return unclean_ || !wire_.unread().empty(); }
  [[nodiscard, gnu::cold]] std::string of_request(std::string_view what) const noexcept;
  void conclude();
  [[gnu::always_inline]] void end_exchange() noexcept;
  [[gnu::cold, gnu::noinline]] void give_up() noexcept {
    report(false);
    end_exchange();
  }
  [[nodiscard]] bool peer_may_send_more() const noexcept;
  task<bool> receive();
  task<bool> wait_for_handler();
  task<bool> finish_answer();
  [[gnu::cold]] task<bool> hang_up();

  // Its body; see request_body.hpp.
  void prepare_body();
  [[gnu::noinline]] void begin_body();
  task<result<std::string_view>> pull();

  // Its answer; see answers.hpp.
  void answer();
  [[gnu::cold]] void answer_no_interim();
  /// False: nobody is there to be answered. Who may have closed one way only is given up if it comes to waiting.
  [[gnu::noinline]] bool begin_handling() {
    const bool gone = stream().peer_gone();
    if (gone && !options().half_closed_is_gone) return false;
    handling_ = true;
    connection_->watch_peer(gone);
    return true;
  }
  bool compose(const response& r);
  [[nodiscard]] bool is_worth_copying(std::uint64_t octets) noexcept;
  bool compose_slice(const content_slice& slice);
  void refuse(response r);
  [[nodiscard, gnu::always_inline]] bool must_flush() noexcept;
  [[nodiscard]] bool is_composed() const noexcept { return !out_.empty() || !tail_.empty() || file_ != nullptr; }
  [[nodiscard]] bool is_writing() const noexcept { return writing_ || sending_file_; }
  bool flush_now();
  void take_written();
  void take_sent_file(const result<std::uint64_t>& through);
  task<bool> flush();
  task<bool> send_large();
  void report(bool complete) noexcept;
  void call_hooks(const response& r, bool complete) noexcept;

  connection_host<S>& host_;
  served_connection<S>* connection_ = nullptr;
  net::loop* loop_ = nullptr;  // the stream's
  h1::connection wire_;
  request incoming_;
  held_here<reply> answer_;              // to `incoming_`, from its handler on
  shared<body_stream> body_;    // an incoming_body, of the running request, if it has one
  time_point began_{};
  std::uint64_t content_at_ = 0;  // octets of the connection in front of the answer's content

  buffer out_;                  // octets to send, then
  std::string_view tail_;       // the octets of a body, which `answer_` holds, or
  const content_slice* file_ = nullptr;  // a part of a file, likewise
  std::string_view pieces_[2];  // what `writing_` writes
  held_here<write_operation> writing_;
  held_here<send_file_operation> sending_file_;
  result<void> sent_;  // how sending went so far
  least_rate<S> sending_;

  stage stage_ = stage::receiving;
  bool handling_ = false;
  bool at_once_ = false;        // in `answer_at_once`, which notes what handlers took
  unsigned handled_ = 0;        // handlers that have been called since a look at the clock
  bool answering_ = false;      // the response is on its way: `out_` is its sender's
  bool in_head_ = false;        // the deadline of a request's head has been set
  bool continue_owed_ = false;  // Expect: 100-continue has not been answered
  bool unclean_ = false;        // the peer may still be sending: linger
  bool reported_ = false;       // the response's `on_sent` have been called
  behind_others others_{*this};
  mutable std::string peer_;
};

}  // namespace tinyhttp
