// tinyhttp/app/worker_pool.hpp -- a bounded number of threads with a bounded queue of work.
//
// Knows nothing of requests or loops. A pool starts no thread before it has work.
#pragma once

#include <tinyhttp/core/function.hpp>
#include <tinyhttp/core/mutex.hpp>
#include <tinyhttp/core/owned.hpp>
#include <tinyhttp/core/owned_list.hpp>
#include <tinyhttp/core/thread.hpp>

#include <cstddef>
#include <new>
#include <system_error>
#include <utility>
#include <vector>

namespace tinyhttp {

/// The options of a `worker_pool`, and of `blocking`, which has one.
struct worker_options {
  std::size_t threads = 4;  // at most, and at least one; each is started when work arrives and the others are busy
  std::size_t waiting = 64;  // the most work that may wait for a thread; more is refused
};

/// A pool of worker threads. Any thread may use it.
class worker_pool {
 public:
  explicit worker_pool(worker_options options) : options_(options) {}
  worker_pool(const worker_pool&) = delete;
  worker_pool& operator=(const worker_pool&) = delete;

  /// Waits for running work; drops what has not begun. Not from one of its own threads.
  ~worker_pool();

  /// Has one of the threads call `work`, which must not throw. False: the queue is full, or the pool is being
  /// destroyed, and `work` was not taken. Throws std::system_error if not even one thread can be started.
  [[nodiscard]] bool submit(function<void()>&& work);

 private:
  void run();
  [[nodiscard]] bool grow();
  [[nodiscard]] std::size_t queued() const noexcept { return queue_.size() - taken_; }
  function<void()> take();

  const worker_options options_;
  std::mutex mutex_;
  threading::condition changed_;
  std::vector<function<void()>> queue_;  // this and all below are guarded by mutex_
  std::size_t taken_ = 0;                // at the front of queue_: gone already
  owned_list<threading::thread> threads_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
};

// ---------------------------------------------------------------------------------------------

inline worker_pool::~worker_pool() {
  std::vector<function<void()>> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped.swap(queue_);
    taken_ = 0;
  }
  changed_.notify_all();
  dropped.clear();
  for (auto& each : threads_) each.join();  // and there will be no others
}

/// Starts one more thread. False: the limit is reached, the pool's or the system's.
inline bool worker_pool::grow() {
  if (!threads_.empty() && threads_.size() >= options_.threads) return false;
  try {
    threads_.push_back(owned<threading::thread>(new threading::thread));
  } catch (const std::bad_alloc&) {
    if (threads_.empty()) throw;
    return false;
  }
  const int failed = threads_.back().start([](void* of) noexcept { static_cast<worker_pool*>(of)->run(); }, this);
  if (failed == 0) return true;
  threads_.pop_back();
  if (threads_.empty()) throw std::system_error(failed, std::generic_category(), "worker_pool");
  return false;
}

inline bool worker_pool::submit(function<void()>&& work) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return false;  // by work that still runs
  const bool must_wait = queued() >= idle_;  // every idle thread has its work already
  if (must_wait && !grow() && queued() - idle_ >= options_.waiting) return false;
  queue_.push_back(std::move(work));
  changed_.notify_one();
  return true;
}

/// Takes the front of the queue, whose memory is reused once half of it is free.
inline function<void()> worker_pool::take() {
  auto work = std::move(queue_[taken_++]);
  if (2 * taken_ >= queue_.size()) {
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(taken_));
    taken_ = 0;
  }
  return work;
}

inline void worker_pool::run() {
  for (;;) {
    function<void()> work;
    {
      const std::lock_guard lock(mutex_);
      while (queued() == 0 && !stopping_) {
        ++idle_;
        changed_.wait(mutex_);
        --idle_;
      }
      if (stopping_) return;
      work = take();
    }
    work();
  }
}

}  // namespace tinyhttp
