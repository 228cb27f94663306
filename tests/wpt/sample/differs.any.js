promise_test(async () => {
  assert_equals((await fetch('/moved', { redirect: 'manual' })).type, 'opaqueredirect')
}, 'only ours')
promise_test(async () => {
  assert_unreached('on purpose')
}, 'neither')
