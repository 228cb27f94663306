import module_ from './got.js'

export const { agent, request } = module_
export default module_
