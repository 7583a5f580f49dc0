// tinyhttp/net/resolver.hpp -- asks the system's resolver without blocking longer than the caller wants.
//
// getaddrinfo(3) cannot be stopped and takes as long as name servers do. So it runs in threads of its own, which a
// caller at its deadline leaves behind. Remembers no answers.
#pragma once

#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/mutex.hpp>
#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/result.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/net/address.hpp>
#include <tinyhttp/net/interrupter.hpp>
#include <tinyhttp/net/resolve.hpp>

#include <cstddef>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <pthread.h>
#include <signal.h>

namespace tinyhttp::net {

/// Returns the addresses of a host with port 0, in the order in which to try them. Called by several threads.
using address_source = function<result<std::vector<address>>(const std::string& host) const>;

struct resolver_options {
  std::size_t max_threads = 16;    // each resolves one name at a time
  std::size_t max_waiting = 1024;  // names in the queue; one more is an error of kind `limit`
  address_source ask = {};         // empty: the system's getaddrinfo
};

/// Thread-safe. May be destroyed while names are being resolved: its threads end by themselves, once the system
/// answers. Threads exist only while there are names to resolve.
class resolver {
  struct shared_state;

 public:
  /// A name being resolved, shared by all who ask for it at the time.
  class question {
   public:
    explicit question(std::string_view host) : host_(host) {}

    /// Readable once there is an answer: for poll(2) and loops. Nobody reads from it.
    [[nodiscard]] int native() const noexcept { return answered_.native(); }
    [[nodiscard]] bool is_answered() const noexcept { return answered_.cancelled(); }
    /// Only once there is an answer.
    [[nodiscard]] const result<std::vector<address>>& answer() const noexcept { return *answer_; }

   private:
    friend class resolver;
    std::string host_;
    std::optional<result<std::vector<address>>> answer_;
    interrupter answered_;
  };
  using question_pointer = shared<const question>;

  explicit resolver(resolver_options with = {});

  /// Resolves `host` in another thread and returns at once. To lose interest, drop the pointer.
  [[nodiscard]] result<question_pointer> ask(std::string_view host);

  /// The number of names that threads are resolving now, including those nobody waits for any more.
  [[nodiscard]] std::size_t asking() const;

  /// The default resolver. Lives until the process ends.
  [[nodiscard]] static resolver& common();

 private:
  using questions = std::vector<shared<question>>;
  struct shared_state {
    resolver_options with;
    std::mutex guard;
    questions waiting;        // guarded, as the rest
    questions being_asked;
    std::size_t threads = 0;
  };
  static void work(shared<shared_state> s) noexcept;
  static void* begin_work(void* state) noexcept;
  static shared<question> next(shared_state& s);
  static void settle(shared_state& s, const shared<question>& q,
                     result<std::vector<address>> answer) noexcept;
  [[nodiscard]] static error what_was_thrown(const std::string& host) noexcept;
  [[nodiscard]] static bool start_thread(const shared<shared_state>& s);

  shared<shared_state> state_;
};

// ---------------------------------------------------------------------------------------------

inline resolver::resolver(resolver_options with) : state_(new shared_state) {
  state_->with = std::move(with);
  if (!state_->with.ask)
    state_->with.ask = [](const std::string& host) { return resolve(host, 0); };
}

inline resolver& resolver::common() {
  static resolver& one = *new resolver;  // never destroyed: static servers and clients end later than what they first used
  return one;
}

inline std::size_t resolver::asking() const {
  const std::lock_guard lock(state_->guard);
  return state_->being_asked.size();
}

inline result<resolver::question_pointer> resolver::ask(std::string_view host) {
  const auto refuse = [&](std::string_view why) {
    return error(error_kind::limit, std::string("resolve ").append(host).append(": ").append(why));
  };
  const std::lock_guard lock(state_->guard);
  for (const questions* all : {&state_->being_asked, &state_->waiting})
    for (const auto& each : *all)
      if (each->host_ == host) return question_pointer(each, each.get());
  std::erase_if(state_->waiting, [](const auto& each) { return each.use_count() == 1; });  // given up
  if (state_->waiting.size() >= state_->with.max_waiting)
    return refuse("too many names are being asked for");
  const shared<question> made(new question(host));
  if (made->native() < 0) return refuse("too many open files");
  if (state_->threads < state_->with.max_threads) {
    if (start_thread(state_)) ++state_->threads;  // it waits for our lock
    else if (state_->threads == 0) return refuse("the system has no thread for it");
  }
  state_->being_asked.reserve(state_->with.max_threads);  // its threads must not want for memory
  state_->waiting.push_back(made);
  return question_pointer(made, made.get());
}

/// Signals go to the program's own threads. False: the system has no thread for it.
inline bool resolver::start_thread(const shared<shared_state>& s) {
  owned<shared<shared_state>> its_own(new shared<shared_state>(s));
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  const bool blocked = ::pthread_sigmask(SIG_BLOCK, &all, &before) == 0;
  struct restore {
    const sigset_t* to;
    ~restore() {
      if (to != nullptr) ::pthread_sigmask(SIG_SETMASK, to, nullptr);
    }
  } const guard{blocked ? &before : nullptr};
  pthread_t started{};
  if (::pthread_create(&started, nullptr, begin_work, its_own.get()) != 0) return false;
  static_cast<void>(its_own.release());
  ::pthread_detach(started);
  return true;
}

inline void* resolver::begin_work(void* state) noexcept {
  const owned<shared<shared_state>> its_own(static_cast<shared<shared_state>*>(state));
  work(std::move(*its_own));
  return nullptr;
}

/// The first that somebody still waits for; null: the thread ends.
inline shared<resolver::question> resolver::next(shared_state& s) {
  const std::lock_guard lock(s.guard);
  while (!s.waiting.empty()) {
    auto first = std::move(s.waiting.front());
    s.waiting.erase(s.waiting.begin());
    if (first.use_count() == 1) continue;
    s.being_asked.push_back(first);
    return first;
  }
  --s.threads;
  return nullptr;
}

inline void resolver::settle(shared_state& s, const shared<question>& q,
                             result<std::vector<address>> answer) noexcept {
  {
    const std::lock_guard lock(s.guard);  // from here on nobody joins in
    for (std::size_t i = s.being_asked.size(); i-- > 0;)
      if (s.being_asked[i] == q)
        s.being_asked.erase(s.being_asked.begin() + static_cast<std::ptrdiff_t>(i));
  }
  q->answer_.emplace(std::move(answer));
  q->answered_.cancel();
}

/// In a catch block.
inline error resolver::what_was_thrown(const std::string& host) noexcept {
  try {
    try {
      throw;
    } catch (const std::exception& thrown) {
      return detail::resolve_error(host, thrown.what());
    } catch (...) {
      return detail::resolve_error(host, "something that is no std::exception was thrown");
    }
  } catch (...) {
    return {error_kind::resolve, "no memory"};  // as short as a string holds in itself
  }
}

inline void resolver::work(shared<shared_state> s) noexcept {
  while (const auto q = next(*s)) {
    try {
      settle(*s, q, s->with.ask(q->host_));
    } catch (...) {
      settle(*s, q, what_was_thrown(q->host_));
    }
  }
}

}  // namespace tinyhttp::net
