import { register, unregister } from './register.js'

export { register, unregister }
declare const module_: { register: typeof register; unregister: typeof unregister }
export default module_
