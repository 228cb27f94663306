use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn floor(least: u64, over: Duration) -> Floor {
    Floor::new(Speed { least, over: Some(over), most: 0 }).expect("a floor")
}

/// For how many eighths of the time so many bytes for each were enough.
fn eighths(floor: &mut Floor, bytes: u64) -> Option<usize> {
    (0..100).find(|_| {
        floor.parts[floor.at] += bytes;
        !floor.is_reached(floor.part())
    })
}

#[test]
fn what_is_too_slow_for_the_whole_time_is_found_at_its_end() {
    // 800 bytes a second over a second are 100 for each eighth.
    assert_eq!(eighths(&mut floor(800, SECOND), 0), Some(7));
    assert_eq!(eighths(&mut floor(800, SECOND), 99), Some(7));
    assert_eq!(eighths(&mut floor(800, SECOND), 100), None);
}

#[test]
fn what_becomes_too_slow_is_found_one_part_later_than_its_time() {
    let mut floor = floor(800, SECOND);
    for _ in 0..20 {
        floor.parts[floor.at] += 100;
        assert!(floor.is_reached(floor.part()));
    }
    assert!(eighths(&mut floor, 0).is_some_and(|parts| parts <= PARTS));
}

#[test]
fn a_thread_that_did_not_run_has_not_waited() {
    let mut floor = floor(1, SECOND);
    for _ in 0..PARTS - 1 {
        assert!(floor.is_reached(SECOND * 1000));
    }
    assert!(!floor.is_reached(SECOND * 1000));
}

#[test]
fn no_floor_without_speed_or_time() {
    for (least, over) in [(0, Some(SECOND)), (1, None), (1, Some(Duration::ZERO))] {
        assert!(Floor::new(Speed { least, over, most: 0 }).is_none());
    }
}

#[test]
fn a_ceiling_lets_steps_pass_as_the_clock_does() {
    let now = Instant::now();
    let mut ceiling = Ceiling { most: 1000, next: now };
    assert_eq!(ceiling.room(), LEAST_STEP as usize);
    ceiling.took(now, 500);
    assert_eq!(ceiling.next - now, SECOND / 2);
    ceiling.took(now, 500);
    assert_eq!(ceiling.next - now, SECOND);
    // What was not used is not saved up.
    ceiling.took(now + SECOND * 9, 1000);
    assert_eq!(ceiling.next - now, SECOND * 10);
    assert_eq!(Ceiling { most: u64::MAX, next: now }.room(), MOST_STEP as usize);
    ceiling.most = 1;
    ceiling.took(now, u64::MAX);
}

#[test]
fn a_rate_follows_the_speed_and_is_told_ten_times_a_second() {
    struct Nobody;
    impl ProgressSink for Nobody {
        fn progress(&self, _: &Progress) -> bool {
            true
        }
    }
    let start = Instant::now();
    let mut told = Told::new(Arc::new(Nobody), start);
    assert_eq!(told.rate(start + EVERY / 2, 50, false), None);
    assert_eq!(told.rate(start + EVERY, 100, false).map(f64::round), Some(1000.0));
    let mut rate = 0.0;
    for step in 2..200 {
        rate =
            told.rate(start + EVERY * step, 100 + 1000 * u64::from(step - 1), false).expect("time");
    }
    assert!((9000.0..=10_000.1).contains(&rate), "{rate}");
    assert!(told.rate(start + EVERY * 199, 200_000, true).is_some());
}
