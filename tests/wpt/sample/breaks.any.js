// A file of the form that WPT has, which fails on its way.
test(() => {}, 'one before the end')
throw new Error('on purpose')
