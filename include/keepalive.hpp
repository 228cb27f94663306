/*
 * libkeepalive for C++17: what keepalive.h has, with owners that free what they own, errors that are values, and
 * ranges over header fields; from C++20 on, requests that a coroutine awaits. Header only: nothing but the C library
 * is linked. Nothing here decides anything: each function is the C function of its name, whose comment in
 * keepalive.h tells more.
 *
 *     #include <iostream>
 *     #include <keepalive.hpp>
 *
 *     int main() {
 *         auto response = keepalive::client::shared().get("http://example.com/");
 *         if (!response) return std::cerr << response.error().message() << '\n', 1;
 *         for (auto [name, value] : response->headers()) std::cout << name << ": " << value << '\n';
 *         auto body = response->text();
 *         if (!body) return std::cerr << body.error().message() << '\n', 1;
 *         std::cout << *body;
 *     }
 *
 * Build: c++ -std=c++17 program.cc $(pkg-config --cflags --libs libkeepalive)
 *
 * Ownership. Every class is movable and not copyable, and frees its object when it ends; an object that was moved from
 *            owns nothing, and what is called on it fails as with NULL. Views (std::string_view) are valid as long as
 *            keepalive.h says of the ka_str behind them.
 * Errors.    A function that can fail returns a result. result::value() throws keepalive::bad_result when there is
 *            none (without exceptions it ends the process); nothing else here throws but std::bad_alloc.
 * Threads.   As keepalive.h says of the objects.
 */
#ifndef KEEPALIVE_HPP
#define KEEPALIVE_HPP

#include <keepalive.h>

#include <cstdlib>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace keepalive {

namespace detail {

template <auto Free>
struct freed {
    template <class T>
    void operator()(T *object) const noexcept { Free(object); }
};

inline ka_str view(std::string_view text) noexcept { return {text.data(), text.size()}; }
inline std::string_view view(ka_str text) noexcept { return {text.ptr, text.len}; }
inline std::string_view view(ka_bytes bytes) noexcept {
    return {reinterpret_cast<const char *>(bytes.ptr), bytes.len};
}

}  // namespace detail

/* Why a call failed. Decide by the status; the message is for people and may change. */
class error {
public:
    /* Takes `owned`, which may be NULL. */
    error(ka_status status, ka_error *owned) noexcept : status_(status), owned_(owned) {}

    ka_status status() const noexcept { return status_; }
    /* As in "KA_CONNECT_TIMEOUT". */
    const char *name() const noexcept { return ka_status_name(status_); }
    /* The reason in one line; without one the name. */
    std::string_view message() const noexcept {
        return owned_ ? detail::view(ka_error_message(owned_.get())) : std::string_view(name());
    }
    std::string_view phase() const noexcept { return ka_error_phase(owned_.get()); }
    /* Whether sending the request again cannot make the server act twice. */
    bool retry_safe() const noexcept { return ka_error_retry_safe(owned_.get()); }
    bool reused() const noexcept { return ka_error_reused(owned_.get()); }
    ka_sent sent() const noexcept { return ka_error_sent(owned_.get()); }
    int os_errno() const noexcept { return ka_error_os_errno(owned_.get()); }
    /* What came of a submitted request's body before it failed. */
    std::string_view partial_body() const noexcept { return detail::view(ka_error_partial_body(owned_.get())); }

private:
    ka_status status_;
    std::unique_ptr<ka_error, detail::freed<ka_error_free>> owned_;
};

/* What result::value() throws when there is an error. */
class bad_result : public std::exception {
public:
    explicit bad_result(const error &error) : status_(error.status()), text_(error.name()) {
        text_ += ": ";
        text_ += error.message();
    }
    ka_status status() const noexcept { return status_; }
    const char *what() const noexcept override { return text_.c_str(); }

private:
    ka_status status_;
    std::string text_;
};

/* A value or an error, as std::expected of C++23. */
template <class T>
class [[nodiscard]] result {
    using stored = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

public:
    using value_type = T;

    result(stored value) noexcept(std::is_nothrow_move_constructible_v<stored>)
        : state_(std::in_place_index<0>, std::move(value)) {}
    result(keepalive::error error) noexcept : state_(std::in_place_index<1>, std::move(error)) {}

    bool has_value() const noexcept { return state_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }
    /* Only when there is one. */
    const keepalive::error &error() const & noexcept { return *std::get_if<1>(&state_); }
    keepalive::error &&error() && noexcept { return std::move(*std::get_if<1>(&state_)); }

    /* Only when there is one. */
    stored &operator*() & noexcept { return *std::get_if<0>(&state_); }
    const stored &operator*() const & noexcept { return *std::get_if<0>(&state_); }
    stored &&operator*() && noexcept { return std::move(*std::get_if<0>(&state_)); }
    stored *operator->() noexcept { return std::get_if<0>(&state_); }
    const stored *operator->() const noexcept { return std::get_if<0>(&state_); }

    stored &value() & { return need(), **this; }
    const stored &value() const & { return need(), **this; }
    stored &&value() && { return need(), std::move(**this); }

    template <class U>
    stored value_or(U &&other) && {
        return has_value() ? std::move(**this) : static_cast<stored>(std::forward<U>(other));
    }
    /* What `next` makes of the value; the error stays. `next` returns a result. */
    template <class F>
    auto and_then(F &&next) && {
        using next_result = std::invoke_result_t<F, stored &&>;
        return has_value() ? std::invoke(std::forward<F>(next), std::move(**this))
                           : next_result(std::move(*this).error());
    }

private:
    void need() const {
        if (has_value()) return;
#if defined(__cpp_exceptions)
        throw bad_result(error());
#else
        std::abort();
#endif
    }
    std::variant<stored, keepalive::error> state_;
};

namespace detail {

/* By reference: it is read after the call that is the other argument. */
inline result<void> done(ka_status status, ka_error *&owned) noexcept {
    if (status == KA_OK) return std::monostate{};
    return error(status, owned);
}

}  // namespace detail

/* The options of a client: the fields of ka_client_options with their defaults. */
struct client_options : ka_client_options {
    client_options() noexcept { ka_client_options_init(this, sizeof(ka_client_options)); }
};

struct header {
    std::string_view name;
    std::string_view value;
};

/* The header or trailer fields of a response, in the order they came in. */
template <size_t (*Count)(const ka_response *), ka_status (*At)(const ka_response *, size_t, ka_str *, ka_str *)>
class fields {
public:
    class iterator {
    public:
        using iterator_category = std::forward_iterator_tag;
        using value_type = header;
        using difference_type = std::ptrdiff_t;
        using pointer = const header *;
        using reference = header;

        iterator() noexcept = default;
        iterator(const ka_response *response, size_t at) noexcept : response_(response), at_(at) {}
        header operator*() const noexcept {
            ka_str name{}, value{};
            (void)At(response_, at_, &name, &value);
            return {detail::view(name), detail::view(value)};
        }
        iterator &operator++() noexcept { return ++at_, *this; }
        iterator operator++(int) noexcept {
            auto before = *this;
            return ++at_, before;
        }
        bool operator==(const iterator &other) const noexcept { return at_ == other.at_; }
        bool operator!=(const iterator &other) const noexcept { return at_ != other.at_; }

    private:
        const ka_response *response_ = nullptr;
        size_t at_ = 0;
    };

    explicit fields(const ka_response *response) noexcept : response_(response), size_(Count(response)) {}
    iterator begin() const noexcept { return {response_, 0}; }
    iterator end() const noexcept { return {response_, size_}; }
    size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }

private:
    const ka_response *response_;
    size_t size_;
};

/* A connection that speaks another protocol now: response::take_stream. */
class stream {
public:
    explicit stream(ka_stream *owned) noexcept : owned_(owned) {}
    ka_stream *get() const noexcept { return owned_.get(); }

    /* Waits for at least one byte; 0 is the end. */
    result<size_t> read(void *buffer, size_t capacity) const noexcept {
        size_t count = 0;
        ka_error *failed = nullptr;
        auto status = ka_stream_read(get(), static_cast<uint8_t *>(buffer), capacity, &count, &failed);
        if (status != KA_OK) return error(status, failed);
        return count;
    }
    result<void> write(std::string_view data) const noexcept {
        ka_error *failed = nullptr;
        auto bytes = reinterpret_cast<const uint8_t *>(data.data());
        return detail::done(ka_stream_write(get(), bytes, data.size(), &failed), failed);
    }
    result<void> shutdown() const noexcept {
        ka_error *failed = nullptr;
        return detail::done(ka_stream_shutdown(get(), &failed), failed);
    }
    result<void> set_timeouts(uint64_t read_timeout_ms, uint64_t write_timeout_ms) const noexcept {
        ka_error *failed = nullptr;
        return detail::done(ka_stream_set_timeouts(get(), read_timeout_ms, write_timeout_ms, &failed), failed);
    }
    void close() const noexcept { ka_stream_close(get()); }
    size_t pending() const noexcept { return ka_stream_pending(get()); }
    int fd() const noexcept { return ka_stream_fd(get()); }

private:
    std::unique_ptr<ka_stream, detail::freed<ka_stream_free>> owned_;
};

class response {
public:
    using header_fields = fields<ka_response_header_count, ka_response_header_at>;
    using trailer_fields = fields<ka_response_trailer_count, ka_response_trailer_at>;

    explicit response(ka_response *owned) noexcept : owned_(owned) {}
    ka_response *get() const noexcept { return owned_.get(); }
    ka_response *release() noexcept { return owned_.release(); }

    unsigned status() const noexcept { return ka_response_status(get()); }
    std::string_view reason() const noexcept { return detail::view(ka_response_reason(get())); }
    std::string_view url() const noexcept { return detail::view(ka_response_url(get())); }
    bool reused() const noexcept { return ka_response_reused(get()); }

    header_fields headers() const noexcept { return header_fields(get()); }
    /* Known once the body has been read to its end. */
    trailer_fields trailers() const noexcept { return trailer_fields(get()); }
    /* The first field of a name, compared without regard to case. */
    std::optional<std::string_view> header(std::string_view name) const noexcept {
        ka_str value{};
        if (!ka_response_header_str(get(), detail::view(name), &value)) return std::nullopt;
        return detail::view(value);
    }

    /* Waits for at least one byte; 0 is the verified end. */
    result<size_t> read(void *buffer, size_t capacity) noexcept {
        size_t count = 0;
        ka_error *failed = nullptr;
        auto status = ka_response_read(get(), static_cast<uint8_t *>(buffer), capacity, &count, &failed);
        if (status != KA_OK) return error(status, failed);
        return count;
    }
    /* The rest of the body: a view, valid until the next call or the response's end. */
    result<std::string_view> body() noexcept {
        ka_bytes bytes{};
        ka_error *failed = nullptr;
        auto status = ka_response_read_all(get(), &bytes, &failed);
        if (status != KA_OK) return error(status, failed);
        return detail::view(bytes);
    }
    /* The rest of the body, copied. */
    result<std::string> text() {
        return body().and_then([](std::string_view view) { return result<std::string>(std::string(view)); });
    }
    result<ka_info> info() const noexcept {
        ka_info info{};
        ka_error *failed = nullptr;
        auto status = ka_response_info(get(), &info, sizeof info, &failed);
        if (status != KA_OK) return error(status, failed);
        return info;
    }
    result<ka_tls_info> tls() const noexcept {
        ka_tls_info tls{};
        ka_error *failed = nullptr;
        auto status = ka_response_tls(get(), &tls, sizeof tls, &failed);
        if (status != KA_OK) return error(status, failed);
        return tls;
    }
    result<stream> take_stream() noexcept {
        ka_stream *taken = nullptr;
        ka_error *failed = nullptr;
        auto status = ka_response_take_stream(get(), &taken, &failed);
        if (status != KA_OK) return error(status, failed);
        return stream(taken);
    }

private:
    std::unique_ptr<ka_response, detail::freed<ka_response_free>> owned_;
};

/* A request; what changes it returns a result. It may be sent any number of times. */
class request {
public:
    static result<request> make(std::string_view method, std::string_view url) noexcept {
        ka_request *made = nullptr;
        ka_error *failed = nullptr;
        auto status = ka_request_new_str(detail::view(method), detail::view(url), &made, &failed);
        if (status != KA_OK) return error(status, failed);
        return request(made);
    }
    explicit request(ka_request *owned) noexcept : owned_(owned) {}
    ka_request *get() const noexcept { return owned_.get(); }

    result<void> add_header(std::string_view name, std::string_view value) noexcept {
        return call(ka_request_add_header_str, detail::view(name), detail::view(value));
    }
    /* Copied. */
    result<void> set_body(std::string_view body) noexcept {
        return call(ka_request_set_body, reinterpret_cast<const uint8_t *>(body.data()), body.size());
    }
    /* A body that `source` produces while the request is sent: `std::ptrdiff_t read(uint8_t *, size_t)`, and where it
     * has one `bool rewind()`, as ka_body_reader says, threads included. An exception of theirs fails the body.
     * `length` -1: unknown. */
    template <class Source>
    result<void> set_body_source(std::unique_ptr<Source> source, int64_t length) noexcept {
        ka_body_reader reader{sizeof(ka_body_reader), read_source<Source>, nullptr, destroy_source<Source>, nullptr};
        if constexpr (can_rewind<Source>::value) reader.rewind = rewind_source<Source>;
        reader.user_data = source.release();
        return call(ka_request_set_body_reader, &reader, length);
    }
    result<void> set_timeout(ka_timeout which, uint64_t limit_ms) noexcept {
        return call(ka_request_set_timeout, which, limit_ms);
    }
    result<void> set_option(std::string_view name, std::string_view value) noexcept {
        return call(ka_request_set_option_str, detail::view(name), detail::view(value));
    }
    result<void> set_decode(bool decode) noexcept { return call(ka_request_set_decode, decode); }
    result<void> set_follow_redirects(bool follow) noexcept { return call(ka_request_set_follow_redirects, follow); }
    result<void> set_stream_response(bool stream) noexcept { return call(ka_request_set_stream_response, stream); }

private:
    template <class F, class... Arguments>
    result<void> call(F function, Arguments... arguments) noexcept {
        ka_error *failed = nullptr;
        return detail::done(function(get(), arguments..., &failed), failed);
    }

    template <class Source, class = void>
    struct can_rewind : std::false_type {};
    template <class Source>
    struct can_rewind<Source, std::void_t<decltype(std::declval<Source &>().rewind())>> : std::true_type {};

    /* What `function` returns, or `failed` when it throws: no exception may pass through the library. */
    template <class F, class R>
    static R guarded(F &&function, R failed) noexcept {
#if defined(__cpp_exceptions)
        try {
            return function();
        } catch (...) {
            return failed;
        }
#else
        (void)failed;
        return function();
#endif
    }
    template <class Source>
    static std::ptrdiff_t read_source(void *source, uint8_t *buffer, size_t capacity) noexcept {
        auto read = [&] { return std::ptrdiff_t(static_cast<Source *>(source)->read(buffer, capacity)); };
        return guarded(read, std::ptrdiff_t(-1));
    }
    template <class Source>
    static bool rewind_source(void *source) noexcept {
        return guarded([&] { return bool(static_cast<Source *>(source)->rewind()); }, false);
    }
    template <class Source>
    static void destroy_source(void *source) noexcept {
        delete static_cast<Source *>(source);
    }

    std::unique_ptr<ka_request, detail::freed<ka_request_free>> owned_;
};

/* A pool of connections with its limits and TLS settings: one for a program, or one for each set of options. */
class client {
public:
    static result<client> make(const client_options &options = {}) noexcept {
        ka_client *made = nullptr;
        ka_error *failed = nullptr;
        auto status = ka_client_new(&options, &made, &failed);
        if (status != KA_OK) return error(status, failed);
        return client(made);
    }
    /* The process-wide one, which is never freed. */
    static client shared() noexcept { return client(ka_client_shared()); }
    explicit client(ka_client *owned) noexcept : owned_(owned) {}
    ka_client *get() const noexcept { return owned_.get(); }

    /* Sends on this thread and waits for the head of the response. */
    result<response> send(const request &request) const noexcept {
        ka_response *got = nullptr;
        ka_error *failed = nullptr;
        auto status = ka_client_send(get(), request.get(), &got, &failed);
        if (status != KA_OK) return error(status, failed);
        return response(got);
    }
    result<response> get(std::string_view url) const noexcept {
        return request::make("GET", url).and_then([this](request &&made) { return send(made); });
    }
    result<size_t> warm(std::string_view url, size_t count) const noexcept {
        size_t opened = 0;
        ka_error *failed = nullptr;
        auto status = ka_client_warm_str(get(), detail::view(url), count, &opened, &failed);
        if (status != KA_OK) return error(status, failed);
        return opened;
    }
    result<ka_stats> stats() const noexcept {
        ka_stats stats{};
        ka_error *failed = nullptr;
        auto status = ka_client_stats(get(), &stats, sizeof stats, &failed);
        if (status != KA_OK) return error(status, failed);
        return stats;
    }
    void network_changed() const noexcept { ka_client_network_changed(get()); }
    void close() const noexcept { ka_client_close(get()); }

private:
    std::unique_ptr<ka_client, detail::freed<ka_client_free>> owned_;
};

}  // namespace keepalive

#include <keepalive_dispatcher.hpp>

#endif /* KEEPALIVE_HPP */
