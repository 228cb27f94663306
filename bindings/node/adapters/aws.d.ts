/**
 * The AWS SDK's own NodeHttpHandler with agents of the native pool: `new S3Client({ requestHandler: requestHandler() })`.
 * `options` are its options (`requestTimeout`, `connectionTimeout` and so on). Throws when neither `@smithy/node-http-handler` nor
 * `@aws-sdk/node-http-handler` is there.
 */
export declare function requestHandler(options?: Record<string, unknown>): any
