// tinyhttp/testing/fake_host.hpp -- the thread, the port and the connections of a fake server.
//
// A socket that is bound and never listens reserves the port, so that it stays ours while connections are refused.
// Knows nothing of the answers.
#pragma once

#include <tinyhttp/core/ascii.hpp>
#include <tinyhttp/core/chrono.hpp>
#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/owned_list.hpp>
#include <tinyhttp/core/shared.hpp>
#include <tinyhttp/core/task.hpp>
#include <tinyhttp/net/acceptor.hpp>
#include <tinyhttp/net/listener.hpp>
#include <tinyhttp/net/loop.hpp>
#include <tinyhttp/net/secured_stream.hpp>
#include <tinyhttp/net/tcp_stream.hpp>
#include <tinyhttp/testing/connection.hpp>
#include <tinyhttp/testing/fake_options.hpp>
#include <tinyhttp/testing/memory_stream.hpp>
#include <tinyhttp/testing/private_folder.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace tinyhttp::testing {

/// Runs in a thread of its own, from construction to destruction. Any thread may call what is public.
class fake_host {
 public:
  template <class = void>  // g++ compiles every coroutine it sees; what begins one is a template, compiled where it is used
  explicit fake_host(fake_server_options with);
  ~fake_host();

  [[nodiscard]] fake_state& shared() noexcept { return shared_; }
  [[nodiscard]] std::string origin() const;
  [[nodiscard]] std::uint16_t port() const noexcept { return at_.port(); }
  [[nodiscard]] const std::string& unix_path() const noexcept { return unix_path_; }
  [[nodiscard]] const fake_security* security() const noexcept { return security_.get(); }
  [[nodiscard]] const std::string& ca_file() const noexcept { return ca_file_; }
  [[nodiscard]] const std::string& client_file() const noexcept { return client_file_; }

  void refuse() {
    run([this] { stop_listening(); });
  }
  void accept();
  void blackhole();
  void hang_up(std::size_t n) { hang_up_.store(n, std::memory_order_relaxed); }
  void ignore_connections(std::size_t n) { ignore_.store(n, std::memory_order_relaxed); }
  void on_handshake(behavior script);
  void drop_connections();
  [[nodiscard]] std::size_t open_connections();
  /// Afterwards the journal is up to date.
  void settle();
  template <class = void>
  [[nodiscard]] std::string call(std::string_view request);

  /// Calls `f` on the loop's thread, in a turn after everything that has happened up to now, and
  /// waits for it. Throws what it throws.
  template <class F>
  void run(F f);
  /// The same without waiting.
  void post(function<void()> f) { loop_.post(std::move(f)); }

 private:
  struct client : net::waiter {
    client(fake_host& of, net::accepted&& from)
        : waiter(reap), owner(of), stream(of.loop_, std::move(from.socket), from.peer), serving(stream, of.shared_) {}
    static bool reap(waiter& w) {
      auto& self = static_cast<client&>(w);
      auto& all = self.owner.clients_;
      std::size_t i = 0;
      while (&all[i] != &self) ++i;
      all.remove(i);
      return false;
    }
    fake_host& owner;
    net::secured_stream<net::tcp_stream> stream;
    fake_connection<net::secured_stream<net::tcp_stream>> serving;
    task<void> running;
  };

  [[nodiscard]] bool is_own_thread() const noexcept { return std::this_thread::get_id() == thread_.get_id(); }
  void keep_port(const fake_server_options& with);
  void listen(int backlog);
  void stop_listening();
  template <class = void>
  task<void> accept_all();
  template <class = void>
  void try_begin(net::accepted&& from);
  template <class = void>
  void begin(net::accepted&& from);
  /// One of those that `count` still holds.
  static bool take_one(std::atomic<std::size_t>& count) noexcept {
    auto left = count.load(std::memory_order_relaxed);
    while (left > 0 && !count.compare_exchange_weak(left, left - 1, std::memory_order_relaxed)) {}
    return left > 0;
  }

  fake_state shared_;
  net::loop loop_;
  net::socket holder_;
  net::address at_;
  tinyhttp::shared<const fake_security> security_;  // null: plain text
  owned<private_folder> folder_;
  std::string unix_path_, ca_file_, client_file_;
  behavior handshakes_;
  std::size_t shaken_ = 0;  // since that was said
  owned<net::listener> listener_;
  owned<net::acceptor> acceptor_;
  task<void> (*serve_)(fake_host&);  // `accept_all`
  task<void> accepting_;
  owned_list<net::socket> fillers_;  // of a black hole's queue
  owned_list<client> clients_;
  owned_list<net::socket> ignored_;
  std::atomic<std::size_t> hang_up_{0}, ignore_{0};
  std::thread thread_;
};

// ---------------------------------------------------------------------------------------------

template <class>
fake_host::fake_host(fake_server_options with) : serve_([](fake_host& self) { return self.accept_all(); }) {
  shared_.journal.keep_at_most(with.journal);
  shared_.most_body = with.body;
  if (with.unix_socket || with.tls) folder_.reset(new private_folder);
  if (with.unix_socket) unix_path_ = folder_->keep("socket");
  else keep_port(with);
  if (with.tls) ca_file_ = folder_->write("ca.pem", with.tls->authority);
  if (with.tls && !with.tls->client.empty()) client_file_ = folder_->write("client.pem", with.tls->client);
  security_ = std::move(with.tls);
  listen(128);
  thread_ = std::thread([this] { loop_.run(); });
}

inline fake_host::~fake_host() {
  loop_.stop();
  thread_.join();
  accepting_.reset();
  clients_.clear();
  acceptor_.reset();
  listener_.reset();
}

inline void fake_host::keep_port(const fake_server_options& with) {
  const auto wanted = net::address::parse(with.host, with.port);
  if (!wanted) throw bad_result(error(error_kind::invalid_argument, "fake server: no address: " + with.host));
  auto made = net::socket::open(wanted->family(), true);
  holder_ = std::move(made).value();
  const int fd = holder_.native();
  std::int64_t status = net::os::set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (status >= 0) status = net::os::bind(fd, wanted->native(), wanted->native_size());
  if (status < 0)
    throw bad_result(net::system_error("fake server: " + wanted->to_string(), static_cast<int>(-status)));
  at_ = holder_.local_address().value();
}

inline void fake_host::listen(int backlog) {
  net::listen_options how;
  how.host = at_.host();
  how.port = at_.port();
  how.unix_path = unix_path_;
  how.backlog = backlog;
  auto bound = net::listener::bind(how);
  listener_.reset(new net::listener(std::move(bound).value()));
  if (backlog == 0) return;
  acceptor_.reset(new net::acceptor(loop_, *listener_));
  accepting_ = serve_(*this);
  accepting_.start();
}

inline void fake_host::stop_listening() {
  accepting_.reset();
  acceptor_.reset();
  listener_.reset();
  fillers_.clear();
}

inline void fake_host::accept() {
  run([this] {
    stop_listening();
    listen(128);
  });
}

/// A queue that is full: the system answers no further attempt to connect.
inline void fake_host::blackhole() {
  run([this] {
    stop_listening();
    listen(0);
    for (int tries = 0; tries < 64; ++tries) {
      auto made = net::socket::open(at_.family(), true);
      if (!made) return;
      const auto status = net::os::connect(made->native(), at_.native(), at_.native_size());
      if (status == -EINPROGRESS) return;  // dropped: it is closed here
      fillers_.push_back(owned<net::socket>(new net::socket(std::move(*made))));
    }
  });
}

inline std::string fake_host::origin() const {
  const std::string scheme = security_ ? "https://" : "http://";
  if (!unix_path_.empty()) return scheme + "localhost";
  if (!security_ || security_->host.empty()) return scheme + at_.to_string();
  return scheme + security_->host + ":" + ascii::to_decimal(at_.port());
}

template <class F>
void fake_host::run(F f) {
  if (is_own_thread()) return f();
  std::mutex mutex;
  std::condition_variable done;
  bool over = false;
  std::exception_ptr thrown;
  // Twice: what a turn has been woken for comes behind what was posted to it.
  owned<net::posted_call> behind(new net::posted_call([&] {
    try {
      f();
    } catch (...) {
      thrown = std::current_exception();
    }
    const std::lock_guard lock(mutex);
    over = true;
    done.notify_one();
  }));
  loop_.post([&] { loop_.post(std::move(behind)); });
  std::unique_lock lock(mutex);
  done.wait(lock, [&] { return over; });
  if (thrown) std::rethrow_exception(thrown);
}

inline void fake_host::settle() {
  const auto deadline = std::chrono::steady_clock::now() + patience() / 8;
  for (bool settled = false; !settled && std::chrono::steady_clock::now() < deadline;) {
    run([&] {
      settled = true;
      for (auto& each : clients_) settled = each.serving.refresh() && settled;
    });
  }
}

inline void fake_host::on_handshake(behavior script) {
  for (const act& each : script.acts())
    if (!is_for_handshakes(each))
      throw bad_result(error(error_kind::invalid_argument, "fake server: not for handshakes: " + each.name));
  run([&] {
    handshakes_ = std::move(script);
    shaken_ = 0;
  });
}

/// Whoever asks on the loop's thread may be a behaviour's lambda, in the middle of one of them.
inline void fake_host::drop_connections() {
  const auto drop = [this] {
    for (auto& each : clients_) {
      each.running.reset();
      each.stream.abort();
    }
    clients_.clear();
    for (auto& each : ignored_) net::os::reset_on_close(each.native());
    ignored_.clear();
  };
  if (is_own_thread()) return post(drop);
  run(drop);
}

inline std::size_t fake_host::open_connections() {
  std::size_t open = 0;
  run([&] { open = clients_.size(); });
  return open;
}

template <class>
task<void> fake_host::accept_all() {
  for (;;) {
    try {
      auto got = co_await acceptor_->accept();
      if (got) {
        try_begin(std::move(*got));
        continue;
      }
      if (got.error().kind() == error_kind::cancelled) co_return;
      const time_point later = loop_.now() + std::chrono::milliseconds(5);  // out of descriptors
      co_await loop_.sleep_until(later);
      continue;
    } catch (const std::bad_alloc&) {  // nor any memory to say so
    }
    co_await loop_.yield();
  }
}

/// For want of memory a connection may not come about; the next one may.
template <class>
void fake_host::try_begin(net::accepted&& from) {
  const std::size_t before = clients_.size();
  try {
    begin(std::move(from));
  } catch (const std::exception&) {
    if (clients_.size() > before) clients_.pop_back();
  }
}

template <class>
void fake_host::begin(net::accepted&& from) {
  if (take_one(hang_up_)) return;
  if (take_one(ignore_)) return ignored_.push_back(owned<net::socket>(new net::socket(std::move(from.socket))));
  owned<net::secure_session> session;
  if (security_) {
    auto begun = security_->context->begin({}, 0);
    if (!begun) return;
    session = std::move(*begun);
  }
  clients_.push_back(owned<client>(new client(*this, std::move(from))));
  client& made = clients_.back();
  if (session) {
    const act* const how = handshakes_.at(++shaken_);
    made.running = made.serving.run_secured(std::move(session), how != nullptr ? *how : act{});
  } else {
    made.running = made.serving.run();
  }
  made.running.start(
      [](void* done) {
        auto& self = *static_cast<client*>(done);
        self.serving.refresh();  // whoever ends has said how much has arrived
        if (!self.is_linked()) self.owner.loop_.schedule(self);
      },
      &made);
}

template <class>
std::string fake_host::call(std::string_view octets) {
  net::loop here;
  memory_pair ends(here);
  fake_connection<memory_stream> serving(ends.second, shared_, true);
  detail::say_all(ends.first, octets);
  here.run_until_done(serving.run());
  return std::string(ends.first.unread()) + serving.markers();
}

}  // namespace tinyhttp::testing
