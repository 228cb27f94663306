test(() => {}, 'one before the end')
throw new Error('on purpose')
