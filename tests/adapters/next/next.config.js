'use strict'
// The addon stays outside of the bundle.

/** @type {import('next').NextConfig} */
module.exports = { turbopack: { root: __dirname }, outputFileTracingRoot: __dirname }
