import module_ from './axios.js'

export const { adapter, createAdapter, transport } = module_
export default module_
