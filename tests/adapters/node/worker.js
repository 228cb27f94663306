'use strict'
// A worker that asks once, and says by which port it was heard.

const { parentPort, workerData } = require('node:worker_threads')

fetch(workerData).then((response) => response.json()).then(({ port }) => parentPort.postMessage(port))
