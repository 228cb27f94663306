'use strict'
// `node --import libkeepalive/register app.js`: every fetch of the process on the native pool.

const { isRegistered, register, unregister } = require('../lib/dispatcher/register')

if (!isRegistered()) register()

module.exports = { register, unregister }
