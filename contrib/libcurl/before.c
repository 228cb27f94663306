/* check_urls AT_ONCE < URLS: fetches every URL of its input, AT_ONCE at a time over kept connections, follows
 * redirects, decodes, and prints a line for each: status, bytes, URL. With libcurl:
 * cc before.c $(pkg-config --cflags --libs libcurl) -o check_urls */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    char url[2048];
    unsigned long bytes;
} transfer;

static long connections, failures;

static size_t count(char *data, size_t size, size_t number, void *user_data) {
    (void)data;
    ((transfer *)user_data)->bytes += size * number;
    return size * number;
}

/* Starts the next URL; false when there is none. */
static int start(CURLM *multi) {
    transfer *my = calloc(1, sizeof *my);
    CURL *easy;
    if (my == NULL || fgets(my->url, sizeof my->url, stdin) == NULL) {
        free(my);
        return 0;
    }
    my->url[strcspn(my->url, "\r\n")] = '\0';
    easy = curl_easy_init();
    if (easy == NULL) {
        free(my);
        return 0;
    }
    curl_easy_setopt(easy, CURLOPT_URL, my->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "check_urls/1.0");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXREDIRS, 5L);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, 5000L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 60000L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, count);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, my);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, my);
    curl_multi_add_handle(multi, easy);
    return 1;
}

static void end(CURLM *multi, CURLMsg *message) {
    CURL *easy = message->easy_handle;
    transfer *my;
    long status = 0, opened = 0;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&my);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &opened);
    connections += opened;
    if (message->data.result == CURLE_OK) {
        printf("%ld %lu %s\n", status, my->bytes, my->url);
    } else {
        failures++;
        printf("failed %s\n", my->url);
        fprintf(stderr, "%s: %s\n", my->url, curl_easy_strerror(message->data.result));
    }
    curl_multi_remove_handle(multi, easy);
    curl_easy_cleanup(easy);
    free(my);
}

int main(int argc, char **argv) {
    int at_once = argc == 2 ? atoi(argv[1]) : 0, running = 0, left, open = 0;
    CURLMsg *message;
    CURLM *multi;

    if (at_once < 1) {
        fprintf(stderr, "usage: %s AT_ONCE < URLS\n", argv[0]);
        return 2;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)at_once);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)at_once);
    while (open < at_once && start(multi)) open++;
    while (open > 0) {
        if (curl_multi_perform(multi, &running) != CURLM_OK) return 1;
        while ((message = curl_multi_info_read(multi, &left)) != NULL) {
            if (message->msg != CURLMSG_DONE) continue;
            end(multi, message);
            open--;
            if (start(multi)) open++;
        }
        if (open > 0) curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
    fprintf(stderr, "%ld connections\n", connections);
    curl_multi_cleanup(multi);
    curl_global_cleanup();
    return failures == 0 ? 0 : 1;
}
