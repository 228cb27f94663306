// A file of the form that WPT has, whose process ends on its way.
test(() => {}, 'one before the end')
process.exit(3)
