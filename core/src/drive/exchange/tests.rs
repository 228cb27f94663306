use super::*;

/// Replays the table at the head of exchange.rs: it is documentation that cannot become untrue.
#[test]
fn the_table_of_phases_is_true() {
    let steps = [
        ("SendHead written, more of the body to come", Step::Wrote),
        ("SendHead written, the body waits for the word", Step::WroteHead),
        ("SendHead written, nothing to come", Step::WroteAll),
        ("AwaitContinue 100 (Continue)", Step::Continue),
        ("AwaitContinue silence for a second", Step::Silence),
        ("AwaitContinue the final head", Step::FinalHead),
        ("SendBody written", Step::WroteAll),
    ];
    let all = [Phase::SendHead, Phase::AwaitContinue, Phase::SendBody, Phase::AwaitHead];
    let named = |name: &str| {
        let phase = all.into_iter().find(|phase| format!("{phase:?}") == name);
        phase.unwrap_or_else(|| panic!("{name} is no phase"))
    };
    let rows: Vec<Vec<&str>> = include_str!("../exchange.rs")
        .lines()
        .filter(|line| line.starts_with("//! | ") && !line.starts_with("//! | phase"))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    assert_eq!(rows.len(), steps.len());
    for (row, (key, step)) in rows.iter().zip(steps) {
        assert_eq!(format!("{} {}", row[1], row[2]), key);
        assert_eq!(named(row[1]).after(step), named(row[3]), "{key}");
    }
    // Whatever else happens changes nothing.
    let told = |phase: Phase, step: Step| {
        rows.iter().zip(steps).any(|(row, (_, own))| named(row[1]) == phase && own == step)
    };
    for phase in all {
        for (_, step) in steps {
            assert!(told(phase, step) || phase.after(step) == phase, "{phase:?} {step:?}");
        }
    }
}
