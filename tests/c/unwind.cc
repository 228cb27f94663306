// The ways to leave a function other than by returning: out of a body reader's functions, out of a
// verifier's, and out of a call. unwind HTTP_URL HTTPS_URL CA_FILE WAY WHERE, where WHERE is send (on this thread) or submit (on
// the engine's). What must not be ends the process by SIGABRT, with a message.
#include "check.h"

#include <pthread.h>
#include <stdexcept>
#include <string>
#include <unistd.h>

static addresses at;
static std::string way;
static bool submits;
static pthread_t worker;
static bool cancelled_itself;

struct source {
    int reads = 0;
};

static void leave() {
    if (way.find("throw") != std::string::npos) throw std::runtime_error("not for Rust");
    if (way.find("exit") != std::string::npos) pthread_exit(nullptr);
    // Put off while the library calls, so this goes on; for good on the engine's thread.
    cancelled_itself = pthread_equal(pthread_self(), worker);
    CHECK(pthread_cancel(pthread_self()) == 0);
    pthread_testcancel();
}

static bool at_stage(const char *stage) { return way.find(stage) != std::string::npos; }

static ptrdiff_t read_source(void *user_data, uint8_t *buffer, size_t) {
    if (at_stage("read")) leave();
    buffer[0] = 'x';
    return static_cast<source *>(user_data)->reads++ == 0 ? 1 : 0;
}

static bool rewind_source(void *user_data) {
    if (at_stage("rewind")) leave();
    static_cast<source *>(user_data)->reads = 0;
    return true;
}

static void destroy_source(void *user_data) {
    delete static_cast<source *>(user_data);
    if (at_stage("destroy")) leave();
}

static bool verify_server(void *, const ka_peer *peer) {
    if (at_stage("verify")) leave();
    return peer->rejected.len == 0;
}

static ka_client *verifying_client() {
    ka_client_options options;
    ka_client *client = nullptr;
    ka_error *error = nullptr;
    ka_verifier verifier = {sizeof verifier, verify_server, nullptr, nullptr};
    init_options(&options);
    options.ca_file = at.ca_file;
    CHECK_OK(ka_client_new_with_verifier(&options, &verifier, &client, &error), error);
    return client;
}

// AddressSanitizer does not see that a cancelled thread leaves its frames, which it then takes for used.
__attribute__((no_sanitize_address)) static void *work(void *) {
    worker = pthread_self();
    ka_client *client = verifying_client();
    const char *base = at_stage("verify") ? at.https : at.http;
    ka_request *request = new_request("PUT", base, "/redirect/307?to=/upload-count");
    ka_body_reader reader = {sizeof reader, read_source, rewind_source, destroy_source, new source};
    ka_error *error = nullptr;
    ka_response *response = nullptr;
    CHECK_OK(ka_request_set_body_reader(request, &reader, -1, &error), error);
    CHECK(ka_request_set_follow_redirects(request, true, NULL) == KA_OK);
    if (submits) {
        ka_queue *queue = nullptr;
        ka_event event;
        queue = new_queue();
        CHECK_OK(ka_client_submit(client, request, queue, nullptr, nullptr, &error), error);
        ka_request_free(request);
        event = next_event(queue);
        CHECK_OK(event.status, event.error);
        ka_response_free(event.response);
        ka_queue_free(queue);
    } else {
        CHECK_OK(ka_client_send(client, request, &response, &error), error);
        ka_response_free(response);
        ka_request_free(request);
    }
    ka_client_free(client);
    puts("the work is done");
    fflush(stdout);
    // A cancellation that came meanwhile, while the library was at work on this thread, counts now.
    pthread_testcancel();
    return &at;
}

int main(int argc, char **argv) {
    pthread_t thread;
    void *result = nullptr;
    CHECK(argc == 6);
    at = check_addresses(4, argv);
    way = argv[4];
    submits = std::string(argv[5]) == "submit";
    CHECK(pthread_create(&thread, nullptr, work, nullptr) == 0);
    CHECK(pthread_join(thread, &result) == 0);
    CHECK((result == PTHREAD_CANCELED) == cancelled_itself);
    CHECK(submits || cancelled_itself);
    return 0;
}
