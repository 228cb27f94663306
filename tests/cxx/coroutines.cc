// keepalive.hpp: coroutines await requests on one thread, from C++20 on; called with HTTP_URL.
#include <keepalive.hpp>

#include <coroutine>
#include <cstdio>
#include <exception>
#include <vector>

#if !defined(KEEPALIVE_HAS_COROUTINES)
#error "this standard has coroutines"
#endif

#define CHECK(condition)                                                    \
    do {                                                                    \
        if (!(condition)) {                                                 \
            std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            std::exit(1);                                                   \
        }                                                                   \
    } while (0)

namespace ka = keepalive;

// Runs at once, and is destroyed with its owner, also when it waits.
struct task {
    struct promise_type {
        task get_return_object() { return task{std::coroutine_handle<promise_type>::from_promise(*this)}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
    explicit task(std::coroutine_handle<promise_type> of) : coroutine(of) {}
    task(task &&other) noexcept : coroutine(std::exchange(other.coroutine, nullptr)) {}
    ~task() {
        if (coroutine) coroutine.destroy();
    }
    std::coroutine_handle<promise_type> coroutine;
};

static task fetch(ka::dispatcher &dispatcher, const ka::client &client, std::string url, int times, int &good) {
    auto request = ka::request::make("GET", url);
    CHECK(request);
    for (int i = 0; i < times; ++i) {
        auto response = co_await dispatcher.send(client, *request);
        if (response && response->status() == 200 && response->body().value() == "ok") ++good;
    }
}

static task fails(ka::dispatcher &dispatcher, const ka::client &client, ka_status &status, ka_status &unsent) {
    auto request = ka::request::make("GET", "http://127.0.0.1:1/");
    CHECK(request);
    auto response = co_await dispatcher.send(client, *request);
    CHECK(!response);
    status = response.error().status();
    // One that cannot be submitted does not suspend.
    auto moved = std::move(*request);
    auto never = co_await dispatcher.send(client, *request);
    CHECK(!never);
    unsent = never.error().status();
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    const std::string http = argv[1];
    auto client = ka::client::make();
    auto dispatcher = ka::dispatcher::make();
    CHECK(client && dispatcher);
    int good = 0;
    {
        std::vector<task> tasks;
        for (int i = 0; i < 20; ++i) tasks.push_back(fetch(*dispatcher, *client, http + "/ok", 10, good));
        CHECK(dispatcher->pending() == 20);
        dispatcher->run();
        for (auto &one : tasks) CHECK(one.coroutine.done());
    }
    CHECK(good == 200);

    ka_status status = KA_OK, unsent = KA_OK;
    {
        auto one = fails(*dispatcher, *client, status, unsent);
        dispatcher->run();
        CHECK(one.coroutine.done());
    }
    CHECK(status == KA_CONNECT_FAILED && unsent == KA_INVALID_ARGUMENT);

    // A coroutine that is destroyed while it waits cancels its request, which ends all the same.
    good = 0;
    {
        auto waits = fetch(*dispatcher, *client, http + "/stall", 1, good);
        CHECK(dispatcher->pending() == 1);
    }
    dispatcher->run();
    CHECK(good == 0 && dispatcher->pending() == 0);
    std::puts("all good");
}
