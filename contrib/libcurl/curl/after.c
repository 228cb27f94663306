/***************************************************************************
 *                                  _   _ ____  _
 *  Project                     ___| | | |  _ \| |
 *                             / __| | | | |_) | |
 *                            | (__| |_| |  _ <| |___
 *                             \___|\___/|_| \_\_____|
 *
 * Copyright (C) Daniel Stenberg, <daniel@haxx.se>, et al.
 *
 * This software is licensed as described in the file COPYING, which
 * you should have received as part of this distribution. The terms
 * are also available at https://curl.se/docs/copyright.html.
 *
 * You may opt to use, copy, modify, merge, publish, distribute and/or sell
 * copies of the Software, and permit persons to whom the Software is
 * furnished to do so, under the terms of the COPYING file.
 *
 * This software is distributed on an "AS IS" basis, WITHOUT WARRANTY OF ANY
 * KIND, either express or implied.
 *
 * SPDX-License-Identifier: curl
 *
 * Ported to libkeepalive by its authors in 2026; before.c is the file as curl has it.
 *
 ***************************************************************************/
/* <DESC>
 * Download many files in parallel, in the same thread.
 * </DESC>
 */

#include <stdio.h>
#include <stdlib.h>
#include <keepalive.h>

static const char *urls[] = {
  "https://www.microsoft.com",
  "https://opensource.org",
  "https://www.google.com",
  "https://www.yahoo.com",
  "https://www.ibm.com",
  "https://www.mysql.com",
  "https://www.oracle.com",
  "https://www.ripe.net",
  "https://www.iana.org",
  "https://www.amazon.com",
  "https://www.netcraft.com",
  "https://www.heise.de",
  "https://www.chip.de",
  "https://www.ca.com",
  "https://www.cnet.com",
  "https://www.mozilla.org",
  "https://www.cnn.com",
  "https://www.wikipedia.org",
  "https://www.dell.com",
  "https://www.hp.com",
  "https://www.cert.org",
  "https://www.mit.edu",
  "https://www.nist.gov",
  "https://www.ebay.com",
  "https://www.playstation.com",
  "https://www.uefa.com",
  "https://www.ieee.org",
  "https://www.apple.com",
  "https://www.symantec.com",
  "https://www.zdnet.com",
  "https://www.fujitsu.com/global/",
  "https://www.supermicro.com",
  "https://www.hotmail.com",
  "https://www.ietf.org",
  "https://www.bbc.co.uk",
  "https://news.google.com",
  "https://www.foxnews.com",
  "https://www.msn.com",
  "https://www.wired.com",
  "https://www.sky.com",
  "https://www.usatoday.com",
  "https://www.cbs.com",
  "https://www.nbc.com/",
  "https://slashdot.org",
  "https://www.informationweek.com",
  "https://apache.org",
  "https://www.un.org",
};

#define MAX_PARALLEL 10 /* number of simultaneous transfers */
#define NUM_URLS sizeof(urls)/sizeof(char *)

static void add_transfer(ka_client *client, ka_queue *queue, int i, int *left)
{
  ka_request *request = NULL;
  ka_error *error = NULL;
  if(ka_request_new("GET", urls[i], &request, &error) == KA_OK &&
     ka_client_submit(client, request, queue, (void *)urls[i], NULL,
                      &error) == KA_OK)
    (*left)++;
  else
    fprintf(stderr, "E: %.*s <%s>\n", (int)ka_error_message(error).len,
            ka_error_message(error).ptr, urls[i]);
  ka_error_free(error);
  ka_request_free(request);
}

int main(void)
{
  ka_client_options options;
  ka_client *client = NULL;
  ka_queue *queue = NULL;
  ka_event event;
  unsigned int transfers = 0;
  int left = 0;

  /* Limit the amount of simultaneous connections: */
  ka_client_options_init(&options, sizeof(options));
  options.max_total = MAX_PARALLEL;
  if(ka_client_new(&options, &client, NULL) != KA_OK ||
     ka_queue_new(&queue, NULL) != KA_OK)
    return EXIT_FAILURE;

  for(transfers = 0; transfers < MAX_PARALLEL && transfers < NUM_URLS;
      transfers++)
    add_transfer(client, queue, transfers, &left);

  while(left) {
    ka_bytes body;
    const char *url;
    if(ka_queue_wait(queue, &event, 1, -1) != 1)
      continue;
    url = event.user_data;
    /* take care of the data here, ignored in this example */
    if(event.status == KA_OK)
      event.status = ka_response_read_all(event.response, &body, &event.error);
    if(event.status == KA_OK)
      fprintf(stderr, "R: 0 - No error <%s>\n", url);
    else
      fprintf(stderr, "R: %d - %.*s <%s>\n", (int)event.status,
              (int)ka_error_message(event.error).len,
              ka_error_message(event.error).ptr, url);
    ka_response_free(event.response);
    ka_error_free(event.error);
    left--;
    if(transfers < NUM_URLS)
      add_transfer(client, queue, transfers++, &left);
  }

  ka_queue_free(queue);
  ka_client_free(client);

  return EXIT_SUCCESS;
}
