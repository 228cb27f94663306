import module_ from './register.js'

export const { register, unregister } = module_
export default module_
