use std::ptr;

use keepalive_core::{Error, Result};

use crate::error::{ka_error_free, ka_error_message, ka_error_status};
use crate::status::{ka_error, ka_status};

fn message(error: *const ka_error) -> String {
    let text = ka_error_message(error);
    // SAFETY: a view of `error`, which the caller holds.
    let bytes = unsafe { std::slice::from_raw_parts(text.ptr.cast::<u8>(), text.len) };
    String::from_utf8_lossy(bytes).into_owned()
}

fn run(
    body: fn() -> Result<(usize, usize)>,
    first: *mut usize,
    second: *mut usize,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(first, second), { body() })
}

#[test]
fn a_panic_becomes_ka_panic_with_its_text_and_empty_outputs() {
    let (mut first, mut second, mut error) = (7, 7, ptr::null_mut());
    let status = run(|| panic!("the sky fell"), &mut first, &mut second, &mut error);
    assert_eq!(status, ka_status::KA_PANIC);
    assert_eq!((first, second), (0, 0));
    assert_eq!(ka_error_status(error), ka_status::KA_PANIC);
    assert!(message(error).contains("the sky fell"));
    ka_error_free(error);
}

#[test]
fn a_panic_without_an_error_parameter_is_still_only_a_status() {
    let (mut first, mut second) = (7, 7);
    let status = run(|| panic!("unheard"), &mut first, &mut second, ptr::null_mut());
    assert_eq!(status, ka_status::KA_PANIC);
}

#[test]
fn a_panicking_value_function_returns_its_default() {
    fn value() -> u32 {
        ka_fn!(value(42), { panic!("no value") })
    }
    assert_eq!(value(), 42);
}

#[test]
fn a_missing_output_is_named_and_the_other_one_is_emptied() {
    let (mut first, mut error) = (7, ptr::null_mut());
    let status = run(|| unreachable!(), &mut first, ptr::null_mut(), &mut error);
    assert_eq!(status, ka_status::KA_INVALID_ARGUMENT);
    assert_eq!(first, 0);
    assert!(message(error).contains("second"), "{}", message(error));
    ka_error_free(error);
}

#[test]
fn success_writes_every_output_and_no_error() {
    let (mut first, mut second, mut error) = (0, 0, ptr::null_mut());
    let status = run(|| Ok((1, 2)), &mut first, &mut second, &mut error);
    assert_eq!((status, first, second), (ka_status::KA_OK, 1, 2));
    assert!(error.is_null());
}

#[test]
fn a_failure_writes_the_error_and_empties_the_outputs() {
    let (mut first, mut second, mut error) = (7, 7, ptr::null_mut());
    let body = || Err(Error::argument("colour: not a colour"));
    let status = run(body, &mut first, &mut second, &mut error);
    assert_eq!((status, first, second), (ka_status::KA_INVALID_ARGUMENT, 0, 0));
    assert_eq!(message(error), "colour: not a colour");
    ka_error_free(error);
}
