// A file of the form that WPT has: all of it passes.
// META: script=resources/helper.js
test(() => assert_equals(helper(), 'here'), 'a script of META is there')
promise_test(async () => {
  const response = await fetch('resources/helper.js')
  assert_equals(response.status, 200)
  assert_equals(response.url, new URL('resources/helper.js', location).href)
  assert_equals(await response.text(), await (await fetch(new Request('resources/helper.js'))).text())
}, 'a relative URL is one of the file')
