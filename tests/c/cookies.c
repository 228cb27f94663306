/* A jar of cookies: shared by clients and threads, for a client, a request or none, in files, over a fork. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* mkdtemp */
#endif
#include "posix.h"

#include <sys/stat.h>

static ka_cookies *new_jar(void) {
    ka_cookies *jar = NULL;
    ka_error *error = NULL;
    CHECK_OK(ka_cookies_new(&jar, &error), error);
    return jar;
}

static void add(ka_cookies *jar, const char *base, const char *set_cookie) {
    ka_error *error = NULL;
    CHECK_OK(ka_cookies_add(jar, base, set_cookie, &error), error);
}

/* What each cookie adds to. */
typedef struct {
    char text[4096];
    int most;
} shown;

static bool show(void *user_data, const ka_cookie *cookie) {
    shown *to = (shown *)user_data;
    size_t at = strlen(to->text);
    CHECK(cookie->size == sizeof(ka_cookie));
    snprintf(to->text + at, sizeof to->text - at, "%.*s=%.*s;", (int)cookie->name.len,
             cookie->name.ptr, (int)cookie->value.len, cookie->value.ptr);
    return --to->most != 0;
}

static ka_str of(const char *text) {
    ka_str view;
    view.ptr = text;
    view.len = text == NULL ? 0 : strlen(text);
    return view;
}

static size_t each(ka_cookies *jar, const char *url, const char *expected) {
    shown to;
    size_t count = 0;
    ka_error *error = NULL;
    memset(&to, 0, sizeof to);
    CHECK_OK(ka_cookies_each(jar, of(url), show, &to, &count, &error), error);
    if (strcmp(to.text, expected) != 0) fprintf(stderr, "%s\n", to.text);
    CHECK(strcmp(to.text, expected) == 0);
    return count;
}

/* A request has that Cookie field, "-" for none. */
static void sends(ka_client *client, ka_request *request, const char *cookies) {
    ka_response *response = NULL;
    ka_error *error = NULL;
    ka_bytes body;
    CHECK_OK(ka_client_send(client, request, &response, &error), error);
    CHECK_OK(ka_response_read_all(response, &body, &error), error);
    if (!bytes_equal(body, cookies)) fprintf(stderr, "%.*s\n", (int)body.len, body.ptr);
    CHECK(bytes_equal(body, cookies));
    ka_response_free(response);
}

static void clients_share_a_jar(const char *base) {
    ka_client_options options;
    ka_client *own, *first = client_with(NULL), *second = client_with(NULL);
    ka_cookies *jar = new_jar(), *other = NULL;
    ka_request *request = new_request("GET", base, "/cookies");
    ka_error *error = NULL;
    CHECK_OK(ka_client_set_cookies(first, jar, &error), error);
    CHECK_OK(ka_client_set_cookies(second, jar, &error), error);
    CHECK_FAILS(ka_client_set_cookies(first, jar, &error), KA_INVALID_STATE, "already", error);
    ka_response_free(get(first, base, "/cookies?set=a%3D1"));
    sends(second, request, "a=1");
    CHECK_OK(ka_client_cookies(second, &other, &error), error);
    CHECK(each(other, NULL, "a=1;") == 1);
    ka_cookies_free(other);
    /* The jar outlives its handle. */
    ka_cookies_free(jar);
    sends(second, request, "a=1");
    ka_client_free(first);
    ka_client_free(second);

    init_options(&options);
    CHECK(options.cookies == 0);
    first = client_with(&options);
    ka_response_free(get(first, base, "/cookies?set=a%3D1"));
    sends(first, request, "-");
    CHECK_FAILS(ka_client_cookies(first, &other, &error), KA_INVALID_STATE, "no cookies", error);
    options.cookies = 1;
    own = client_with(&options);
    ka_response_free(get(own, base, "/cookies?set=a%3D1"));
    sends(own, request, "a=1");
    CHECK_OK(ka_client_cookies(own, &other, &error), error);
    ka_cookies_free(other);
    ka_client_free(first);
    ka_client_free(own);
    ka_request_free(request);
}

static void a_request_has_a_jar_and_cookies_of_its_own(const char *base) {
    ka_client *client = client_with(NULL);
    ka_cookies *jar = new_jar(), *other = new_jar();
    ka_request *request = new_request("GET", base, "/cookies");
    ka_error *error = NULL;
    add(jar, base, "a=1; Path=/");
    add(other, base, "b=2; Path=/");
    CHECK_OK(ka_client_set_cookies(client, jar, &error), error);
    CHECK_OK(ka_request_set_cookies(request, other, &error), error);
    sends(client, request, "b=2");
    CHECK_OK(ka_request_add_cookie(request, "c", "3", &error), error);
    CHECK_OK(ka_request_add_cookie_str(request, KA_STR("b"), KA_STR("own"), &error), error);
    sends(client, request, "c=3; b=own");
    CHECK_OK(ka_request_set_cookies(request, NULL, &error), error);
    sends(client, request, "c=3; b=own");
    CHECK_FAILS(ka_request_add_cookie(request, "d", "secret; e=1", &error), KA_INVALID_ARGUMENT,
                "semicolon", error);
    CHECK_FAILS(ka_request_add_cookie(request, NULL, "1", &error), KA_INVALID_ARGUMENT, "name",
                error);
    CHECK_OK(ka_request_add_header(request, "Cookie", "mine=1", &error), error);
    sends(client, request, "mine=1");
    ka_request_free(request);
    ka_cookies_free(jar);
    ka_cookies_free(other);
    ka_client_free(client);
}

static void cookies_are_shown_and_removed(void) {
    static const char url[] = "https://www.example.com/one/two";
    ka_cookies *jar = new_jar();
    ka_error *error = NULL;
    shown to;
    size_t count = 7;
    add(jar, url, "a=1; Path=/; Domain=example.com");
    add(jar, url, "b=2; Secure; HttpOnly; Max-Age=1000");
    CHECK_OK(ka_cookies_add_str(jar, KA_STR("http://other.org"), KA_STR("c=3"), &error), error);
    CHECK(each(jar, NULL, "a=1;b=2;c=3;") == 3);
    CHECK(each(jar, url, "b=2;a=1;") == 2);
    CHECK(each(jar, "http://example.com", "a=1;") == 1);
    memset(&to, 0, sizeof to);
    to.most = 1;
    CHECK_OK(ka_cookies_each(jar, of(NULL), show, &to, &count, &error), error);
    CHECK(count == 1 && strcmp(to.text, "a=1;") == 0);
    CHECK_FAILS(ka_cookies_each(jar, of(NULL), NULL, NULL, &count, &error), KA_INVALID_ARGUMENT,
                "function", error);
    CHECK_FAILS(ka_cookies_each(jar, of("nowhere"), show, &to, &count, &error), KA_INVALID_ARGUMENT,
                "url", error);
    CHECK_FAILS(ka_cookies_add(jar, url, "a=1; Domain=com", &error), KA_INVALID_ARGUMENT,
                "public suffix", error);
    CHECK_FAILS(ka_cookies_add(NULL, url, "a=1", &error), KA_INVALID_ARGUMENT, "cookies", error);
    CHECK_OK(ka_cookies_remove(jar, of(".Example.com"), of(NULL), of(NULL), &count, &error), error);
    CHECK(count == 1);
    CHECK_OK(ka_cookies_remove(jar, of(NULL), of("/one"), of("x"), &count, &error), error);
    CHECK(count == 0);
    CHECK_OK(ka_cookies_remove(jar, of(NULL), of(NULL), of(NULL), &count, &error), error);
    CHECK(count == 2 && each(jar, NULL, "") == 0);
    ka_cookies_free(jar);
    ka_cookies_free(NULL);
}

static void jars_are_saved_and_loaded(void) {
    char folder[] = "/tmp/ka-cookies-XXXXXX", file[64];
    ka_cookies *jar = new_jar(), *other;
    ka_error *error = NULL;
    struct stat status;
    size_t count;
    int format;
    CHECK(mkdtemp(folder) != NULL);
    snprintf(file, sizeof file, "%s/jar", folder);
    add(jar, "https://www.example.com/", "a=1; HttpOnly; Secure");
    add(jar, "https://www.example.com/", "b=2; Domain=example.com; Max-Age=1000");
    for (format = KA_COOKIES_NETSCAPE; format <= KA_COOKIES_JSON; format++) {
        CHECK_OK(ka_cookies_save(jar, file, (ka_cookie_format)format, &error), error);
        CHECK(stat(file, &status) == 0 && (status.st_mode & 0777) == 0600);
        other = new_jar();
        CHECK_OK(ka_cookies_load(other, file, &count, &error), error);
        CHECK_OK(ka_cookies_save_str(other, of(file), (ka_cookie_format)format, &error), error);
        CHECK_OK(ka_cookies_load_str(other, of(file), &count, &error), error);
        CHECK(count == 2 && each(other, NULL, "a=1;b=2;") == 2);
        CHECK(each(other, "http://example.com/", "b=2;") == 1);
        ka_cookies_free(other);
    }
    CHECK_FAILS(ka_cookies_save(jar, file, (ka_cookie_format)7, &error), KA_INVALID_ARGUMENT, "format: 7", error);
    CHECK_FAILS(ka_cookies_save(jar, folder, KA_COOKIES_JSON, &error), KA_INVALID_ARGUMENT,
                folder, error);
    CHECK(remove(file) == 0);
    CHECK_FAILS(ka_cookies_load(jar, file, &count, &error), KA_INVALID_ARGUMENT, file, error);
    CHECK_FAILS(ka_cookies_load(jar, "", &count, &error), KA_INVALID_ARGUMENT, "path", error);
    CHECK(remove(folder) == 0);
    ka_cookies_free(jar);
}

/* A child has what its parent had, and from then on each has its own. */
static void a_child_has_a_copy(const char *base) {
    ka_client *client = client_with(NULL);
    ka_cookies *jar = new_jar();
    ka_request *request = new_request("GET", base, "/cookies");
    ka_error *error = NULL;
    pid_t child;
    CHECK_OK(ka_client_set_cookies(client, jar, &error), error);
    ka_response_free(get(client, base, "/cookies?set=a%3D1"));
    fflush(NULL);
    child = fork_patiently();
    if (child == 0) {
        pid_t grandchild;
        sends(client, request, "a=1");
        ka_response_free(get(client, base, "/cookies?set=b%3D2"));
        grandchild = fork_patiently();
        if (grandchild == 0) {
            sends(client, request, "a=1; b=2");
            _exit(0);
        }
        ended_well(grandchild);
        _exit(0);
    }
    ended_well(child);
    sends(client, request, "a=1");
    ka_request_free(request);
    ka_cookies_free(jar);
    ka_client_free(client);
}

int main(int argc, char **argv) {
    addresses at = check_addresses(argc, argv);
    clients_share_a_jar(at.http);
    a_request_has_a_jar_and_cookies_of_its_own(at.http);
    cookies_are_shown_and_removed();
    jars_are_saved_and_loaded();
    a_child_has_a_copy(at.http);
    return 0;
}
