import * as module_ from './axios.js'

export * from './axios.js'
export default module_
