// A file of the form that WPT has: not all of it passes, and not with both.
promise_test(async () => {
  assert_equals((await fetch('/moved', { redirect: 'manual' })).type, 'opaqueredirect')
}, 'only ours')
promise_test(async () => {
  assert_unreached('on purpose')
}, 'neither')
