// keepalive.hpp: owners, results, ranges, bodies and functions that wait, from C++17 on; called with HTTP_URL.
#include <keepalive.hpp>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <type_traits>
#include <vector>

#define CHECK(condition)                                                    \
    do {                                                                    \
        if (!(condition)) {                                                 \
            std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            std::exit(1);                                                   \
        }                                                                   \
    } while (0)

namespace ka = keepalive;

template <class T>
constexpr bool is_owner = std::is_nothrow_move_constructible_v<T> && !std::is_copy_constructible_v<T>;
static_assert(is_owner<ka::client> && is_owner<ka::request> && is_owner<ka::response> && is_owner<ka::stream>);
static_assert(is_owner<ka::error> && is_owner<ka::call> && !std::is_copy_constructible_v<ka::dispatcher>);

static ka::request make(const char *method, const std::string &url) {
    auto made = ka::request::make(method, url);
    CHECK(made);
    return std::move(*made);
}

static void responses(const ka::client &client, const std::string &http) {
    auto response = client.get(http + "/json");
    CHECK(response && response->status() == 200 && response->reason() == "OK");
    std::vector<std::string> names;
    for (auto [name, value] : response->headers()) {
        CHECK(!value.empty());
        names.emplace_back(name);
    }
    auto headers = response->headers();
    CHECK(names.size() == headers.size() && !headers.empty());
    auto found = std::find_if(headers.begin(), headers.end(), [](auto one) { return one.name == "Content-Length"; });
    CHECK(found != headers.end() && (*found).value == *response->header("content-length"));
    CHECK(!response->header("x-absent"));
    auto body = response->text();
    CHECK(body && body->size() == 47);
    CHECK(response->info() && response->info()->wait_ns > 0);
    CHECK(!response->tls() && response->tls().error().status() == KA_INVALID_STATE);

    auto pieces = client.get(http + "/trailers");
    CHECK(pieces);
    char buffer[7];
    size_t total = 0;
    for (;;) {
        auto count = pieces->read(buffer, sizeof buffer);
        CHECK(count);
        if (*count == 0) break;
        total += *count;
    }
    CHECK(total > 0 && pieces->trailers().size() == 2 && (*pieces->trailers().begin()).name == "X-Checksum");
    CHECK(client.stats()->opened == 1);
}

static void failures(const ka::client &client) {
    auto refused = client.get("ftp://example.com/");
    CHECK(!refused && refused.error().status() == KA_UNSUPPORTED_SCHEME);
    CHECK(!refused.error().message().empty() && !refused.error().retry_safe());
    auto nobody = client.get("http://127.0.0.1:1/");
    CHECK(!nobody && nobody.error().status() == KA_CONNECT_FAILED && nobody.error().retry_safe());
    CHECK(nobody.error().sent() == KA_SENT_NOTHING && nobody.error().phase() == "connect");
    CHECK(std::move(nobody).and_then([](ka::response &&got) { return got.text(); }).error().status() == KA_CONNECT_FAILED);
    CHECK(ka::result<size_t>(ka::error(KA_INTERNAL, nullptr)).value_or(7) == 7);
    CHECK(ka::error(KA_INTERNAL, nullptr).message() == "KA_INTERNAL");
    // What was moved from is nothing.
    auto request = make("GET", "http://127.0.0.1:1/");
    auto moved = std::move(request);
    CHECK(client.send(request).error().status() == KA_INVALID_ARGUMENT);
    auto named = moved.add_header("a b", "c");
    CHECK(named.error().status() == KA_INVALID_HEADER && named.error().message() != named.error().name());
    ka::client_options wrong;
    wrong.max_per_host = 0;
    CHECK(ka::client::make(wrong).error().message().find("max_per_host") != std::string_view::npos);
#if defined(__cpp_exceptions)
    try {
        (void)client.get("http://127.0.0.1:1/").value();
        CHECK(false);
    } catch (const ka::bad_result &error) {
        CHECK(error.status() == KA_CONNECT_FAILED && std::strstr(error.what(), "KA_CONNECT_FAILED: ") != nullptr);
    }
#endif
}

struct counted {
    size_t left;
    int *alive;
    explicit counted(size_t size, int *count) : left(size), alive(count) { ++*alive; }
    ~counted() { --*alive; }
    std::ptrdiff_t read(uint8_t *buffer, size_t capacity) {
        auto count = std::min(left, capacity);
        std::memset(buffer, 'x', count);
        left -= count;
        return static_cast<std::ptrdiff_t>(count);
    }
};

static void bodies(const ka::client &client, const std::string &http) {
    auto request = make("POST", http + "/echo-body");
    CHECK(request.set_body("a body") && request.add_header("Content-Type", "text/plain"));
    CHECK(request.set_timeout(KA_TIMEOUT_TOTAL, 60000) && request.set_decode(true));
    CHECK(client.send(request).value().body().value() == "a body");
    int alive = 0;
    auto upload = make("PUT", http + "/upload-count");
    CHECK(upload.set_body_source(std::make_unique<counted>(100000, &alive), -1));
    CHECK(client.send(upload).value().body().value() == "100000");
    CHECK(upload.set_body("") && alive == 0);
#if defined(__cpp_exceptions)
    struct thrower {
        std::ptrdiff_t read(uint8_t *, size_t) { throw 1; }
        bool rewind() { throw 1; }
    };
    auto throws = make("PUT", http + "/upload-count");
    CHECK(throws.set_body_source(std::make_unique<thrower>(), -1));
    CHECK(client.send(throws).error().status() == KA_BODY_SOURCE_FAILED);
#endif
}

static void streams(const ka::client &client, const std::string &http) {
    auto request = make("GET", http + "/upgrade?first=&limit=5");
    CHECK(request.add_header("Connection", "Upgrade") && request.add_header("Upgrade", "echo"));
    auto stream = client.send(request).value().take_stream();
    CHECK(stream && stream->fd() >= 0 && stream->write("hello"));
    char buffer[16];
    std::string got;
    for (;;) {
        auto count = stream->read(buffer, sizeof buffer);
        CHECK(count);
        if (*count == 0) break;
        got.append(buffer, *count);
    }
    CHECK(got == "hello");
}

static void functions(const ka::client &client, const std::string &http) {
    auto dispatcher = ka::dispatcher::make();
    CHECK(dispatcher && dispatcher->fd() >= 0 && dispatcher->dispatch(0) == 0);
    auto request = make("GET", http + "/ok");
    int good = 0;
    std::function<void(ka::result<ka::response> &&)> again = [&](ka::result<ka::response> &&end) {
        CHECK(end && end->body().value() == "ok");
        // A function may submit.
        if (++good < 100) CHECK(dispatcher->submit(client, request, again));
    };
    CHECK(dispatcher->submit(client, request, again) && dispatcher->pending() == 1);
    dispatcher->run();
    CHECK(good == 100 && dispatcher->pending() == 0);
    auto nobody = make("GET", "http://127.0.0.1:1/");
    ka_status status = KA_OK;
    CHECK(dispatcher->submit(client, nobody, [&](auto &&end) { status = end.error().status(); }));
    dispatcher->run();
    CHECK(status == KA_CONNECT_FAILED);
#if defined(__cpp_exceptions)
    CHECK(dispatcher->submit(client, request, [](auto &&) { throw 1; }));
    CHECK(dispatcher->submit(client, request, [&](auto &&) { status = KA_OK; }));
    int thrown = 0;
    while (dispatcher->pending() > 0) {
        try {
            dispatcher->run();
        } catch (int) {
            ++thrown;
        }
    }
    CHECK(thrown == 1 && status == KA_OK);
#endif
    // What is under way at the end is dropped, uncalled.
    auto never = make("GET", http + "/stall");
    CHECK(dispatcher->submit(client, never, [](auto &&) { std::abort(); }));
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    const std::string http = argv[1];
    CHECK(ka::client::shared().get(http + "/ok").value().status() == 200);
    {
        auto client = ka::client::make();
        CHECK(client);
        responses(*client, http);
        failures(*client);
        bodies(*client, http);
        streams(*client, http);
        functions(*client, http);
    }
    std::puts("all good");
}
