/* Part of keepalive.hpp, which includes it: requests on the engine's thread, whose ends are handed to functions, and
 * from C++20 on to coroutines. */
#ifndef KEEPALIVE_DISPATCHER_HPP
#define KEEPALIVE_DISPATCHER_HPP

#include <keepalive.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>

#if defined(__cpp_impl_coroutine) && __has_include(<coroutine>)
#include <coroutine>
#define KEEPALIVE_HAS_COROUTINES 1
#endif

namespace keepalive {

/* Something submitted, for cancelling it. Its end does not cancel. */
class call {
public:
    explicit call(ka_call *owned = nullptr) noexcept : owned_(owned) {}
    void cancel() const noexcept { ka_call_cancel(owned_.get()); }

private:
    std::unique_ptr<ka_call, detail::freed<ka_call_free>> owned_;
};

/* Hands the ends of submitted requests to the functions or coroutines that wait for them. It belongs to one thread, on
 * which everything is resumed: by dispatch(), which an event loop calls when fd() is readable. When it ends, what is
 * under way is cancelled and its functions are dropped uncalled; coroutines that wait for it must be gone by then. Not from within dispatch(). */
class dispatcher {
    struct waiting {
        std::function<void(result<response> &&)> done;
        keepalive::call call;
    };

public:
    static result<dispatcher> make() noexcept {
        ka_queue *made = nullptr;
        ka_error *failed = nullptr;
        auto status = ka_queue_new(&made, &failed);
        if (status != KA_OK) return error(status, failed);
        return dispatcher(made);
    }
    dispatcher(dispatcher &&) = default;
    dispatcher &operator=(dispatcher &&) = delete;
    ~dispatcher() {
        for (auto &[key, one] : waiting_) one->call.cancel();
    }

    int fd() const noexcept { return ka_queue_fd(queue_.get()); }
    /* How many have not ended. */
    size_t pending() const noexcept { return waiting_.size(); }

    /* Starts `request` on the engine's thread; `done` is called once, by dispatch(). What it throws leaves dispatch(),
     * after which that can be called again: no event is lost. */
    result<void> submit(const client &client, const request &request, std::function<void(result<response> &&)> done) {
        return start(client, request, std::move(done)).and_then([](waiting *) { return result<void>({}); });
    }

    /* Waits up to `timeout_ms` (0: not at all, -1: for ever) for ends and hands them on; returns how many. */
    size_t dispatch(int timeout_ms) {
        ka_event event{};
        size_t count = 0;
        while (count < batch && ka_queue_wait(queue_.get(), &event, 1, count == 0 ? timeout_ms : 0) == 1) {
            ++count;
            auto found = waiting_.find(event.user_data);
            auto one = std::move(found->second);
            waiting_.erase(found);
            response got(event.response);
            error failed(event.status, event.error);
            if (!one->done) continue;
            one->done(event.status == KA_OK ? result<response>(std::move(got)) : result<response>(std::move(failed)));
        }
        return count;
    }
    /* Hands on until nothing is under way. */
    void run() {
        while (pending() > 0) dispatch(-1);
    }

#if defined(KEEPALIVE_HAS_COROUTINES)
    /* What co_await makes a result<response> of, its body received. A coroutine that is destroyed meanwhile cancels. */
    class awaitable {
    public:
        awaitable(dispatcher &dispatcher, const client &client, const request &request) noexcept
            : dispatcher_(dispatcher), client_(client), request_(request) {}
        awaitable(const awaitable &) = delete;
        awaitable &operator=(const awaitable &) = delete;
        ~awaitable() {
            if (waiting_ == nullptr) return;
            waiting_->done = nullptr;
            waiting_->call.cancel();
        }
        bool await_ready() const noexcept { return false; }
        bool await_suspend(std::coroutine_handle<> coroutine) {
            auto started = dispatcher_.start(client_, request_, [this, coroutine](result<response> &&end) {
                waiting_ = nullptr;
                end_.emplace(std::move(end));
                coroutine.resume();
            });
            if (started) return waiting_ = *started, true;
            end_.emplace(std::move(started).error());
            return false;
        }
        result<response> await_resume() noexcept { return std::move(*end_); }

    private:
        dispatcher &dispatcher_;
        const client &client_;
        const request &request_;
        waiting *waiting_ = nullptr;
        std::optional<result<response>> end_;
    };

    /* `auto response = co_await dispatcher.send(client, request);` Both live until then. */
    awaitable send(const client &client, const request &request) noexcept { return {*this, client, request}; }
#endif

private:
    /* As many a turn, so that an event loop's other sources have theirs. */
    static constexpr size_t batch = 64;

    explicit dispatcher(ka_queue *owned) noexcept : queue_(owned) {}

    result<waiting *> start(const client &client, const request &request,
                            std::function<void(result<response> &&)> done) {
        auto one = std::make_unique<waiting>();
        one->done = std::move(done);
        auto *key = one.get();
        auto place = waiting_.emplace(key, std::move(one)).first;
        ka_call *started = nullptr;
        ka_error *failed = nullptr;
        auto status = ka_client_submit(client.get(), request.get(), queue_.get(), key, &started, &failed);
        if (status != KA_OK) {
            waiting_.erase(place);
            return error(status, failed);
        }
        key->call = keepalive::call(started);
        return key;
    }

    std::unique_ptr<ka_queue, detail::freed<ka_queue_free>> queue_;
    std::unordered_map<void *, std::unique_ptr<waiting>> waiting_;
};

}  // namespace keepalive

#endif /* KEEPALIVE_DISPATCHER_HPP */
