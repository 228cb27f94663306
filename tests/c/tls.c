/* TLS: options, what is told of a response, and a program's own word on certificates. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <pthread.h>

static ka_error *error;

static ka_client_options defaults(const addresses *at) {
    ka_client_options options;
    init_options(&options);
    CHECK(options.tls_verify == 1 && options.tls_verify_host == 1 && options.ca_only == 0);
    options.ca_file = at->ca_file;
    return options;
}

static void rejects(const ka_client_options *options, const char *base, const char *reason) {
    ka_client *client = client_with(options);
    ka_request *request = new_request("GET", base, "/ok");
    ka_response *response = NULL;
    CHECK_FAILS(ka_client_send(client, request, &response, &error), KA_CERTIFICATE_REJECTED, reason,
                error);
    ka_request_free(request);
    ka_client_free(client);
}

static void accepts(const ka_client_options *options, const char *base) {
    ka_client *client = client_with(options);
    CHECK(!get_and_compare(client, base, "/ok", "ok"));
    ka_client_free(client);
}

static void trust(const addresses *at) {
    ka_client_options options = defaults(at);
    options.ca_file = NULL;
    rejects(&options, at->https, "not trusted");
    options.tls_verify = 0;
    accepts(&options, at->https);
    options = defaults(at);
    options.ca_only = 1;
    accepts(&options, at->https);
    options.tls_server_name = "127.0.0.1";
    accepts(&options, at->https);
    options.tls_server_name = "other.example";
    rejects(&options, at->https, "only for localhost");
    options.tls_verify_host = 0;
    accepts(&options, at->https);
}

static void faulty(const addresses *at) {
    ka_client_options options = defaults(at);
    ka_client *client = NULL;
    options.tls_min_version = "1.1";
    CHECK_FAILS(ka_client_new(&options, &client, &error), KA_INVALID_ARGUMENT, "tls_min_version",
                error);
    options = defaults(at);
    options.tls_pins = "sha256//";
    CHECK_FAILS(ka_client_new(&options, &client, &error), KA_INVALID_ARGUMENT, "tls_pins", error);
    options = defaults(at);
    options.tls_verify = 2;
    CHECK_FAILS(ka_client_new(&options, &client, &error), KA_INVALID_ARGUMENT, "tls_verify", error);
    CHECK(client == NULL);
}

static void told(const addresses *at) {
    ka_client_options options = defaults(at);
    ka_client *client = new_client(at->ca_file);
    ka_response *response = get(client, at->https, "/ok");
    ka_tls_info tls;
    ka_certificate certificate;
    char pin[128];
    CHECK_OK(ka_response_tls(response, &tls, sizeof tls, &error), error);
    CHECK(tls.size == sizeof tls && str_equals(tls.version, "TLSv1.3"));
    CHECK(str_contains(tls.cipher, "TLS_AES_256_GCM_SHA384") && tls.group.len > 0);
    CHECK(str_equals(tls.alpn, "http/1.1") && tls.resumed == 0 && tls.early == 0);
    CHECK(tls.certificate_count == 1);
    CHECK_OK(ka_response_certificate(response, 0, &certificate, sizeof certificate, &error), error);
    CHECK(certificate.size == sizeof certificate && certificate.der.len > 100);
    CHECK(certificate.der.ptr[0] == 0x30);
    CHECK(str_equals(certificate.subject, "CN=localhost"));
    CHECK(str_equals(certificate.issuer, "CN=keepalive-origin test CA"));
    CHECK(str_equals(certificate.names, "localhost,127.0.0.1,::1") && certificate.serial.len > 0);
    CHECK(certificate.not_before == 157766400 && certificate.not_after > certificate.not_before);
    CHECK_FAILS(ka_response_certificate(response, 1, &certificate, sizeof certificate, &error),
                KA_INVALID_ARGUMENT, "index", error);
    CHECK_FAILS(ka_response_tls(response, NULL, sizeof tls, &error), KA_INVALID_ARGUMENT, "tls",
                error);
    CHECK_OK(ka_response_certificate(response, 0, &certificate, sizeof certificate, &error), error);
    CHECK(certificate.pin.len < sizeof pin);
    memcpy(pin, certificate.pin.ptr, certificate.pin.len);
    pin[certificate.pin.len] = 0;
    ka_response_free(response);
    response = get(client, at->http, "/ok");
    CHECK_FAILS(ka_response_tls(response, &tls, sizeof tls, &error), KA_INVALID_STATE, "without TLS",
                error);
    ka_response_free(response);
    ka_client_free(client);

    options.tls_pins = pin;
    accepts(&options, at->https);
    pin[10] = pin[10] == 'A' ? 'B' : 'A';
    rejects(&options, at->https, "none of the pinned ones");
}

struct check {
    bool answer, rejected;
    int asked, destroyed;
    ka_client *client;
    pthread_mutex_t lock;
    pthread_cond_t changed;
};

static struct check checking(bool answer, bool rejected) {
    struct check check;
    memset(&check, 0, sizeof check);
    check.answer = answer;
    check.rejected = rejected;
    check.client = ka_client_shared();
    CHECK(pthread_mutex_init(&check.lock, NULL) == 0);
    CHECK(pthread_cond_init(&check.changed, NULL) == 0);
    return check;
}

static bool verify(void *user_data, const ka_peer *peer) {
    struct check *check = (struct check *)user_data;
    ka_request *request;
    ka_response *response = NULL;
    ka_error *own = NULL;
    CHECK(peer->size == sizeof *peer && str_equals(peer->host, "localhost"));
    CHECK(peer->chain_count == 1 && peer->chain[0].len > 100 && peer->chain[0].ptr[0] == 0x30);
    CHECK((peer->rejected.len > 0) == check->rejected);
    if (check->rejected) CHECK(str_contains(peer->rejected, "not trusted"));
    request = new_request("GET", "http://127.0.0.1:9", "/");
    CHECK_FAILS(ka_client_send(check->client, request, &response, &own), KA_INVALID_STATE,
                "on the engine's thread", own);
    ka_request_free(request);
    check->asked++;
    return check->answer;
}

static void destroy(void *user_data) {
    struct check *check = (struct check *)user_data;
    CHECK(pthread_mutex_lock(&check->lock) == 0);
    check->destroyed++;
    CHECK(pthread_cond_broadcast(&check->changed) == 0);
    CHECK(pthread_mutex_unlock(&check->lock) == 0);
}

/* Its connection is closed on the engine's thread, and with it goes the last use. */
static void wait_destroyed(struct check *check) {
    CHECK(pthread_mutex_lock(&check->lock) == 0);
    while (check->destroyed == 0) CHECK(pthread_cond_wait(&check->changed, &check->lock) == 0);
    CHECK(check->destroyed == 1);
    CHECK(pthread_mutex_unlock(&check->lock) == 0);
    CHECK(pthread_cond_destroy(&check->changed) == 0);
    CHECK(pthread_mutex_destroy(&check->lock) == 0);
}

static void verified(const addresses *at) {
    int round;
    for (round = 0; round < 4; round++) {
        struct check check = checking(round % 2 == 0, round < 2);
        ka_verifier verifier = {sizeof verifier, verify, destroy, NULL};
        ka_client_options options = defaults(at);
        ka_client *client = NULL;
        ka_request *request = new_request("GET", at->https, "/ok");
        ka_response *response = NULL;
        verifier.user_data = &check;
        if (check.rejected) options.ca_file = NULL;
        CHECK_OK(ka_client_new_with_verifier(&options, &verifier, &client, &error), error);
        if (check.answer) {
            CHECK_OK(ka_client_send(client, request, &response, &error), error);
            CHECK(ka_response_status(response) == 200);
        } else {
            CHECK_FAILS(ka_client_send(client, request, &response, &error),
                        KA_CERTIFICATE_REJECTED, "own check refused it", error);
        }
        CHECK(check.asked == 1);
        ka_response_free(response);
        ka_request_free(request);
        ka_client_free(client);
        wait_destroyed(&check);
    }
}

static void no_verifier(const addresses *at) {
    struct check check = checking(true, false);
    ka_verifier verifier = {sizeof verifier, NULL, destroy, NULL};
    ka_client_options options = defaults(at);
    ka_client *client = NULL;
    verifier.user_data = &check;
    CHECK_FAILS(ka_client_new_with_verifier(&options, &verifier, &client, &error),
                KA_INVALID_ARGUMENT, "verifier.verify", error);
    CHECK(client == NULL && check.destroyed == 1);
    options.tls_pins = "none";
    verifier.verify = verify;
    CHECK_FAILS(ka_client_new_with_verifier(&options, &verifier, &client, &error),
                KA_INVALID_ARGUMENT, "tls_pins", error);
    CHECK(check.destroyed == 2);
    options = defaults(at);
    CHECK_OK(ka_client_new_with_verifier(&options, NULL, &client, &error), error);
    CHECK(!get_and_compare(client, at->https, "/ok", "ok"));
    ka_client_free(client);
}

int main(int argc, char **argv) {
    addresses at = check_addresses(argc, argv);
    trust(&at);
    faulty(&at);
    told(&at);
    verified(&at);
    no_verifier(&at);
    return 0;
}
