// What a file of the form that WPT has asks for by META.
function helper() {
  return 'here'
}
