import adapter from './register.js'

export const { register, unregister } = adapter
export default adapter
