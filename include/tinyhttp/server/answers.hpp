// tinyhttp/server/answers.hpp -- what one connection says: responses whole or in parts, and refusals.
//
// An answer is composed first: octets, then the rest of a body that lies elsewhere. What is composed
// goes out in as few calls as it takes; large and unknown bodies are sent by send_body.hpp.
#pragma once

#include <tinyhttp/server/send_body.hpp>
#include <tinyhttp/server/served_exchange.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace tinyhttp {

/// The connection as a protocol sees it that takes over. Built for size.
template <looped_stream S>
class served_exchange<S>::taken_over final : public raw_stream {
 public:
  explicit taken_over(served_exchange& of) noexcept : owner_(of) {}
  [[gnu::cold]] task<result<std::size_t>> read(std::span<char> room) override {
    const auto kept = owner_.wire_.unread().substr(0, room.size());
    if (!kept.empty()) {
      const std::size_t size = kept.copy(room.data(), room.size());
      owner_.wire_.consume_unread(size);
      co_return size;
    }
    co_return co_await owner_.stream().read(room);
  }
  [[gnu::cold]] task<result<void>> write(std::string_view octets) override {
    const std::string_view pieces[] = {octets};
    co_return co_await owner_.stream().write(pieces);
  }

 private:
  served_exchange& owner_;
};

// ---------------------------------------------------------------------------------------------

/// Composes the answer that is here, as far as nothing has to be waited for.
template <looped_stream S>
void served_exchange<S>::answer() {
  if (answer_->now().status.is_informational()) answer_no_interim();
  if (is_last_answer() || must_hang_up()) wire_.forbid_reuse();
  stage_ = compose(answer_->now()) ? stage::answered : stage::large;
}

/// As the last answer, a 1xx would leave the peer waiting (RFC 9110 15.2), or speak to it in a protocol
/// that it has not asked for (7.8). A 500 instead, and whoever is told of the answer is told of that.
template <looped_stream S>
void served_exchange<S>::answer_no_interim() {
  response& r = answer_->now();
  const bool asked = incoming_.version == http_version::http_1_1 && incoming_.fields.contains("Upgrade") &&
                     incoming_.fields.has_token("Connection", "upgrade");
  if (r.status == status::switching_protocols && asked) {
    if (std::exchange(continue_owed_, false)) wire_.send_informational(out_, status::continue_, {});  // the order of 7.8
    return;
  }
  services().log(of_request("handler answered ").append(ascii::to_decimal(static_cast<unsigned>(r.status.code())))
                     .append(r.status == status::switching_protocols ? " without an Upgrade asked for" : ", which is no last answer"));
  r.status = status::internal_server_error;
  r.fields.clear();
  r.body.clear();
  if (is_taken_over()) r.takeover({});
}

/// Composes all of `r`, which stays until it is sent. False: the head only, and the body has to go
/// its own way.
template <looped_stream S>
bool served_exchange<S>::compose(const response& r) {
  h1::outgoing plan;
  wire_.send(out_, r, services().date(), plan);
  content_at_ = stream().sent() + out_.size();
  if (!plan.sends_body) return wire_.finish(out_, nullptr);
  const std::uint64_t length = plan.body.length;
  if (plan.body.by != h1::framing::rule::length || length > at_once_size) return false;
  if (r.body.is_octets()) {
    if (is_worth_copying(length)) out_.append(r.body.text());
    else tail_ = r.body.text();
  } else if (const auto* slice = r.body.slice(); slice == nullptr || !compose_slice(*slice)) {
    return false;
  }
  return wire_.finish_with(length);  // a known length is never chunked: nothing stands around the octets
}

/// A body of so many octets is copied behind its head: one piece is sent sooner than two. With another
/// request waiting, larger ones are, too, so that both answers go out together.
template <looped_stream S>
bool served_exchange<S>::is_worth_copying(std::uint64_t octets) noexcept {
  constexpr std::uint64_t always = 4 * 1024;
  return octets <= buffers().small && (octets <= always || !wire_.unread().empty());
}

/// A small one is copied behind the head. False: it can't be read as it should, which those who send
/// large ones can say.
template <looped_stream S>
bool served_exchange<S>::compose_slice(const content_slice& slice) {
  if (slice.length > buffers().small) {
    if (slice.source->descriptor() >= 0) file_ = &slice;
    return file_ != nullptr;
  }
  const auto length = static_cast<std::size_t>(slice.length);
  const std::span<char> room = out_.prepare(length).first(length);
  try {
    const auto got = slice.source->read_at(slice.offset, room);
    if (!got || *got != length) return false;
  } catch (...) {  // it will throw again where that is logged
    return false;
  }
  out_.commit(length);
  return true;
}

/// Answers octets that are no request, and reads no other behind them.
template <looped_stream S>
void served_exchange<S>::refuse(response r) {
  wire_.forbid_reuse();
  unclean_ = true;
  stage_ = stage::over;
  (void)compose(r);
}

/// What is composed has to go out before anything else is done.
template <looped_stream S>
inline bool served_exchange<S>::must_flush() noexcept {
  if (out_.size() >= buffers().gather || !tail_.empty() || file_ != nullptr) return true;
  return (!wire_.reusable() || answer_->now().attached() != nullptr) && !out_.empty();
}

/// Sends what is composed, as far as the stream takes it at once. False: `flush` has to go on, or
/// `sent_` says what is wrong.
template <looped_stream S>
bool served_exchange<S>::flush_now() {
  if (!sent_ || !is_composed()) return sent_.has_value();
  if constexpr (requires { stream().write_at_once(tail_); }) {
    if (tail_.empty() && file_ == nullptr) {
      out_.consume(stream().write_at_once(out_.view()));
      if (out_.empty()) [[likely]] return true;
    }
  }
  pieces_[0] = out_.view();
  pieces_[1] = tail_;
  const std::span<const std::string_view> all(pieces_, tail_.empty() ? 1 : 2);
  writing_.make([this, all] {
    if constexpr (requires { stream().write(all, true); }) {
      return stream().write(all, file_ != nullptr);
    } else {
      return stream().write(all);
    }
  });
  if (!writing_->await_ready()) return false;
  sent_ = writing_->await_resume();
  take_written();
  if (!sending_file_) return sent_.has_value();
  if (!sending_file_->await_ready()) return false;
  const auto through = sending_file_->await_resume();
  take_sent_file(through);
  return sent_.has_value();
}

/// `out_` and `tail_` are through: next comes the part of a file, if there is one.
template <looped_stream S>
void served_exchange<S>::take_written() {
  writing_.reset();
  out_.clear();
  tail_ = {};
  if (!sent_) file_ = nullptr;
  if (file_ == nullptr) return;
  sending_file_.make([this] {
    return stream().send_file(file_->source->descriptor(), file_->offset, file_->length);
  });
}

template <looped_stream S>
void served_exchange<S>::take_sent_file(const result<std::uint64_t>& through) {
  sending_file_.reset();
  const bool whole = through && *through == file_->length;
  file_ = nullptr;
  if (whole) return;
  sent_ = through ? error(error_kind::io, "body: the file ended before its length") : through.error();
  if (through) services().log(of_request(sent_.error().message()));
}

/// Whoever waits for a flush may be destroyed, with a handler that is given up. Nobody can tell then how
/// much has gone out, and nothing may follow.
template <looped_stream S>
class served_exchange<S>::end_of_flushing {
 public:
  explicit end_of_flushing(served_exchange& of) noexcept : of_(of) {}
  end_of_flushing(const end_of_flushing&) = delete;
  end_of_flushing& operator=(const end_of_flushing&) = delete;
  ~end_of_flushing() {
    of_.sending_.end();
    if (!of_.is_writing()) return;
    of_.writing_.reset();
    of_.sending_file_.reset();
    of_.sent_ = error(error_kind::cancelled, "given up");  // as short as asks for no memory
    of_.wire_.forbid_reuse();
  }

 private:
  served_exchange& of_;
};

/// Sends what is composed, as slowly as the peer may take it. False: `sent_` says why not.
template <looped_stream S>
task<bool> served_exchange<S>::flush() {
  if (!sent_ || !is_composed()) co_return sent_.has_value();
  const end_of_flushing guard(*this);
  stream().never_expires();
  sending_.restart(stream());
  sending_.begin();
  if (!is_writing()) (void)flush_now();
  if (writing_) {
    auto& writing = *writing_;
    sent_ = co_await writing;
    take_written();
  }
  if (sending_file_) {
    auto& sending = *sending_file_;
    const auto through = co_await sending;
    take_sent_file(through);
  }
  co_return sent_.has_value();
}

/// False: the message was cut off. The peer can tell from the end that comes too early, except where
/// the end is all that ever tells: then, and if it is the peer who failed, it gets a reset.
template <looped_stream S>
task<bool> served_exchange<S>::send_large() {
  if (!sent_) co_return false;
  const response& r = answer_->now();
  if (r.body.stream() != nullptr && !begin_handling()) co_return false;  // it may wait
  answering_ = true;
  sending_.restart(stream());
  body_sender<S> sender(r.body, stream(), wire_, out_, sending_, connection_->share_,
                        buffers().window);
  bool sent = true;
  try {
    while (sent && sender.has_next()) {
      auto sending = sender.send_next();
      sent = co_await sending;
    }
    sent = sent && sender.finish();
    if (!sent && sender.has_source_failed()) services().log(of_request(sender.failure().message()));
  } catch (...) {
    sent = false;
    services().log_thrown(of_request("body"));
  }
  if (sent) {
    handling_ = answering_ = false;
    stage_ = stage::answered;
    co_return true;
  }
  if (sender.has_source_failed()) {
    auto flushing = sender.flush();
    co_await flushing;
  }
  const bool told_by_end = !r.body.length() && incoming_.version == http_version::http_1_0;
  if (told_by_end || !sender.has_source_failed()) stream().abort();
  co_return false;
}

template <looped_stream S>
task<result<void>> served_exchange<S>::inform(status code, const fields& with) {
  if (answering_) co_return result<void>();  // its own body asks for it, in the middle of that
  for (bool added = false; !added;) {
    added = !is_writing();  // that reads from `out_`
    if (added) wire_.send_informational(out_, code, with);
    if (added && code == status::continue_) continue_owed_ = false;
    auto flushing = flush();
    co_await flushing;
  }
  co_return sent_;
}

template <looped_stream S>
void served_exchange<S>::report(bool complete) noexcept {
  const response* told = outgoing();
  if (told != nullptr && told->attached() != nullptr) call_hooks(*told, complete);
}

template <looped_stream S>
void served_exchange<S>::call_hooks(const response& r, bool complete) noexcept {
  auto& hooks = *r.attached();
  if (hooks.sent.empty() || std::exchange(reported_, true)) return;
  const auto took = stream().loop().look() - began_;
  std::uint64_t octets = wire_.body_octets_sent();
  if (const std::uint64_t out = stream().sent(); !complete) octets = out > content_at_ ? at_most(octets, out - content_at_) : 0;
  const sent_report done{r.status, octets, complete, took};
  for (auto& hook : hooks.sent) {  // they stay: a response may be sent more than once
    try {
      hook(done);
    } catch (...) {
      services().log_thrown(of_request("on_sent"));
    }
  }
}

}  // namespace tinyhttp
