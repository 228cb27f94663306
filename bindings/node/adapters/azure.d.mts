import * as module_ from './azure.js'

export * from './azure.js'
export default module_
