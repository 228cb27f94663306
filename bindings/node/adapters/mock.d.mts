import * as module_ from './mock.js'

export * from './mock.js'
export default module_
