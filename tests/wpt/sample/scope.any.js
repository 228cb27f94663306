// META: title=The scope that files of WPT run in, and pages of one file
// META: variant=?one
// META: variant=?two
// META: timeout=long
'use strict'
test(() => {
  assert_equals(self, globalThis)
  assert_true(GLOBAL.isWorker())
  assert_false(GLOBAL.isWindow() || GLOBAL.isShadowRealm())
}, 'a worker without a browser')
test(() => assert_true(['?one', '?two'].includes(location.search)), 'the page of one variant')
promise_test(async () => {
  const response = await fetch('resources/helper.js')
  assert_true(response instanceof Response && response.headers instanceof Headers)
  assert_equals(new Request('resources/helper.js').url, response.url)
}, 'the classes are those of the implementation')
promise_test((t) => promise_rejects_js(t, TypeError, fetch('http://nonexistent.web-platform.test/')), 'WPT has hosts that are none')
