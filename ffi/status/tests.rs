use keepalive_core::ErrorKind;

use super::*;

#[test]
fn the_statuses_are_the_table_of_errors() {
    assert_eq!(ka_status::ALL[0], ka_status::KA_OK);
    let ours: Vec<(i32, String)> =
        ka_status::ALL[1..].iter().map(|s| (*s as i32, format!("{s:?}"))).collect();
    let table: Vec<(i32, String)> =
        ErrorKind::ALL.iter().map(|kind| (*kind as i32, kind.code().to_string())).collect();
    assert_eq!(ours, table);
    for kind in ErrorKind::ALL {
        assert_eq!(ka_status::of(*kind) as i32, *kind as i32);
    }
}
