/* cancel URL: starts a request, and gives it up when its answer is not there after 100 ms. A request that is
 * cancelled ends in its event like any other. */
#include <keepalive.h>
#include <stdio.h>

int main(int argc, char **argv) {
    ka_request *request = NULL;
    ka_queue *queue = NULL;
    ka_call *call = NULL;
    ka_error *error = NULL;
    ka_event event;
    ka_status status;

    if (argc != 2) {
        fprintf(stderr, "usage: %s URL\n", argv[0]);
        return 2;
    }
    status = ka_request_new("GET", argv[1], &request, &error);
    if (status == KA_OK) status = ka_queue_new(&queue, &error);
    if (status == KA_OK)
        status = ka_client_submit(ka_client_shared(), request, queue, NULL, &call, &error);
    if (status != KA_OK) {
        ka_str message = ka_error_message(error);
        fprintf(stderr, "%s: %.*s\n", ka_status_name(status), (int)message.len, message.ptr);
        ka_error_free(error);
        ka_queue_free(queue);
        ka_request_free(request);
        return 1;
    }
    if (ka_queue_wait(queue, &event, 1, 100) == 0) {
        ka_call_cancel(call); /* any thread may */
        while (ka_queue_wait(queue, &event, 1, -1) == 0) {
        }
    }
    /* KA_OK when the answer was faster after all. */
    printf("%s\n", ka_status_name(event.status));
    ka_response_free(event.response);
    ka_error_free(event.error);
    ka_call_free(call);
    ka_queue_free(queue);
    ka_request_free(request);
    return 0;
}
