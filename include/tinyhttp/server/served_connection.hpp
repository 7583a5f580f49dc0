// tinyhttp/server/served_connection.hpp -- one connection as its shard sees it, and what it keeps.
//
// The declaration; how a request is served is in serve.hpp, its body in request_body.hpp, what is
// answered in answers.hpp. A template over the stream, so that sockets, pipes and tests run the same code.
#pragma once

#include <tinyhttp/app/handler.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/h1/connection.hpp>
#include <tinyhttp/http/request.hpp>
#include <tinyhttp/http/response.hpp>
#include <tinyhttp/net/stream.hpp>
#include <tinyhttp/server/options.hpp>
#include <tinyhttp/server/pace.hpp>
#include <tinyhttp/server/services.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttp {

/// Serves one connection. Everything it is given outlives it; destroying it ends the exchange
/// wherever it is, and with it a handler that waits.
template <looped_stream S>
class served_connection final : public request_context {
 public:
  served_connection(S& stream, const any_handler& app, server_services& services)
      : stream_(stream), app_(app), services_(services), options_(services.options),
        wire_(h1::side::server, services.options.limits),
        sending_(stream, services.options.patience, least_rate<S>::direction::sending) {}
  ~served_connection() override {
    report(false);
    end_exchange();
    if (memory_) give_memory_back();
  }

  /// Ends when the connection has been served; the stream is then to be closed.
  [[nodiscard]] task<void> run();

  /// Waits for a request, and holds nothing that would be lost.
  [[nodiscard]] bool is_idle() const noexcept { return idle_; }
  /// Waits for the application: only destroying this stops it when the peer has gone.
  [[nodiscard]] bool is_handling() const noexcept { return handling_; }

  // request_context
  [[nodiscard]] std::string_view peer() const noexcept override {
    if (peer_.empty()) peer_ = stream_.peer().to_string();
    return peer_;
  }
  [[nodiscard]] bool cancelled() const noexcept override { return stream_.peer_gone(); }
  [[nodiscard]] task<result<void>> inform(status code, const fields& with) override;
  [[nodiscard]] tinyhttp::clock& clock() noexcept override { return services_.clock(); }
  void post(function<void()> work) override { services_.post(std::move(work)); }

 private:
  class incoming_body;
  class taken_over;

  [[nodiscard]] request& incoming() noexcept { return memory_->incoming; }
  [[nodiscard]] std::string& out() noexcept { return memory_->out; }
  /// Of the running exchange, until it has been reported.
  [[nodiscard]] std::optional<response>& outgoing() noexcept { return memory_->outgoing; }

  void give_memory_back() {
    memory_->in = wire_.take_idle_memory();
    services_.give_back(std::move(memory_));
  }
  void wake_up();
  void begin_head();
  bool go_idle();
  void prepare_body();
  reply call_handler();
  response failed_handler() noexcept;
  bool send_small(const response& r);
  task<bool> send_large(const response& r);
  /// Writes `out`: `auto writing = start_flush(); co_await writing; end_flush();` No coroutine of
  /// its own, so that nothing is allocated.
  [[nodiscard]] auto start_flush() {
    stream_.never_expires();
    flushed_[0] = out();
    sending_.restart();
    sending_.begin();
    return stream_.write(flushed_);
  }
  void end_flush() {
    sending_.end();
    out().clear();
  }
  task<result<void>> flush();
  task<result<std::string_view>> pull();
  void refuse(response r);
  task<void> take_over();
  task<void> drain_request();
  task<void> linger();
  [[nodiscard]] bool must_hang_up() const noexcept;
  /// The server ends, and no other request has come already.
  [[nodiscard]] bool is_last_answer() noexcept {
    return services_.ending.load(std::memory_order_relaxed) &&
           (!wire_.incoming_done() || wire_.unread().empty());
  }
  [[nodiscard]] bool peer_may_send_more() const noexcept;
  void report(bool complete) noexcept;
  void end_exchange() noexcept;

  S& stream_;
  const any_handler& app_;
  server_services& services_;
  const server_options& options_;
  h1::connection wire_;
  least_rate<S> sending_;
  turn_share share_;
  std::array<std::string_view, 1> flushed_;  // what `start_flush` writes
  std::unique_ptr<exchange_memory> memory_;
  std::shared_ptr<incoming_body> body_;  // of the running request, if it has one
  std::chrono::steady_clock::time_point began_;
  std::size_t requests_ = 0;
  bool idle_ = false;
  bool handling_ = false;
  bool answering_ = false;      // the response is on its way: `out` is its sender's
  bool in_head_ = false;        // the deadline of a request's head has been set
  bool continue_owed_ = false;  // Expect: 100-continue has not been answered
  bool unclean_ = false;        // the peer may still be sending: linger
  mutable std::string peer_;
};

}  // namespace tinyhttp
