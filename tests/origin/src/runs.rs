//! The books on runners: which cases each has run and over which transport, and every difference
//! that was found. A case that is left out, sent twice or run a second time is one too.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::cases::{Case, Tls};
use crate::facts::Facts;

/// A transport a case is played over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Over {
    /// Plain TCP.
    Http,
    /// TLS.
    Https,
}

impl Over {
    /// By its name, `http` or `https`.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "http" => Some(Self::Http),
            "https" => Some(Self::Https),
            _ => None,
        }
    }

    /// Whether the case is to be played over it.
    pub fn plays(self, case: &Case) -> bool {
        case.tls != (if self == Self::Http { Tls::Only } else { Tls::Never })
    }
}

/// The verdict on a run: right if there are no `differences`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// How many cases there are.
    pub cases: usize,
    /// How many were judged, each once for each transport it was asked over.
    pub judged: usize,
    /// What is wrong, in words.
    pub differences: Vec<String>,
}

/// One runner on its way through the cases.
#[derive(Debug, Default)]
pub(crate) struct Run {
    /// The requests for each case that were not judged yet.
    plays: HashMap<String, Vec<Over>>,
    judged: BTreeSet<(Over, String)>,
    differences: Vec<String>,
}

impl Run {
    /// The server is sent the request of a case.
    pub fn played(&mut self, case: &str, over: Over) {
        self.plays.entry(case.to_owned()).or_default().push(over);
    }

    /// Whether the server was sent the request of a case that was not judged yet.
    pub fn has_played(&self, case: &str) -> bool {
        self.plays.contains_key(case)
    }

    /// Judges the case that was played last under that name; returns what is wrong.
    pub fn judge(&mut self, case: &Case, facts: Facts) -> Vec<String> {
        let plays = self.plays.remove(&case.name).unwrap_or_default();
        let mut found = case.judge(&Facts { requests: Some(plays.len()), ..facts });
        let over = plays.first().copied();
        if over.is_some_and(|over| !self.judged.insert((over, case.name.clone()))) {
            found.push("run a second time".to_owned());
        }
        let over = over.map_or("nowhere".to_owned(), |over| format!("{over:?}").to_lowercase());
        let named = |one: &String| format!("{} ({}) over {over}: {one}", case.name, case.why);
        self.differences.extend(found.iter().map(named));
        found
    }

    /// The verdict on the whole run, which is to have played each case over each of `over`.
    pub fn report(mut self, cases: &[Case], over: &[Over]) -> Report {
        for (name, plays) in self.plays {
            self.differences.push(format!("{name}: played over {plays:?} and not judged"));
        }
        for over in over {
            let due = cases.iter().filter(|case| over.plays(case)).map(|case| &case.name);
            let left_out = due.filter(|name| !self.judged.contains(&(*over, (*name).clone())));
            self.differences.extend(left_out.map(|name| format!("{name}: left out over {over:?}")));
        }
        Report { cases: cases.len(), judged: self.judged.len(), differences: self.differences }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases;

    const CASES: &str = "\
[[case]]\nname = \"both\"\nwhy = \"a\"\nresponse = \"\"\n[case.expect]\nreuse = \"ok\"\n\
[[case]]\nname = \"secure\"\nwhy = \"b\"\nresponse = \"\"\ntls = \"only\"\n[case.expect]\nreuse = \"ok\"\n";
    const ALL: [Over; 2] = [Over::Http, Over::Https];

    fn cases() -> Vec<Case> {
        cases::parse(CASES).expect("cases")
    }

    fn right() -> Facts {
        Facts { status: Some(200), reused: Some(true), ..Facts::default() }
    }

    fn run(plays: &[(usize, Over)]) -> Run {
        let (mut run, cases) = (Run::default(), cases());
        for &(at, over) in plays {
            run.played(&cases[at].name, over);
            run.judge(&cases[at], right());
        }
        run
    }

    #[test]
    fn a_run_that_sees_every_case_once_over_each_transport_is_right() {
        let plays = [(0, Over::Http), (0, Over::Https), (1, Over::Https)];
        let report = run(&plays).report(&cases(), &ALL);
        assert_eq!((report.cases, report.judged, report.differences.len()), (2, 3, 0));
        let plain = run(&plays[..1]).report(&cases(), &ALL[..1]);
        assert_eq!((plain.judged, plain.differences.len()), (1, 0), "{:?}", plain.differences);
    }

    #[test]
    fn what_is_left_out_or_done_twice_is_a_difference() {
        let says = |run: Run, text: &str| {
            let all = run.report(&cases(), &ALL).differences;
            assert!(all.len() == 1 && all[0].contains(text), "{text}: {all:?}");
        };
        says(run(&[(0, Over::Http), (0, Over::Https)]), "secure: left out over Https");
        says(run(&[(0, Over::Http), (1, Over::Https)]), "both: left out over Https");
        let all = [(0, Over::Http), (0, Over::Https), (1, Over::Https)];
        says(run(&[&all[..], &all[..1]].concat()), "run a second time");
        let mut late = run(&all);
        late.played("both", Over::Http);
        says(late, "both: played over [Http] and not judged");
        let mut unseen = run(&all);
        unseen.judge(&cases()[0], right());
        says(unseen, "both (a) over nowhere: requests: 0, expected 1");
        let (mut twice, cases) = (run(&all[1..]), cases());
        (0..2).for_each(|_| twice.played("both", Over::Http));
        assert_eq!(twice.judge(&cases[0], right()), ["requests: 2, expected 1"]);
        says(twice, "both (a) over http: requests: 2, expected 1");
    }
}
