'use strict'

/** @type {import('next').NextConfig} */
module.exports = { turbopack: { root: __dirname }, outputFileTracingRoot: __dirname }
