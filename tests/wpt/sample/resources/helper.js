function helper() {
  return 'here'
}
