import { register, unregister } from './register.js'

export { register, unregister }
declare const adapter: { register: typeof register; unregister: typeof unregister }
export default adapter
