//! The machine and the process a node runs in, as other nodes are told of them: one on the same machine sees at once
//! that the process of another is gone, and need not wait for its silence.

use std::path::Path;

use smol_str::SmolStr;

/// Where a node runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Machine {
    /// This process.
    Here,
    /// One that is played, of this name: nothing can be told of the processes on it.
    Played(SmolStr),
}

impl Machine {
    /// Its name, for people.
    pub fn name(&self) -> SmolStr {
        match self {
            Self::Here => read("/proc/sys/kernel/hostname").unwrap_or_else(|| "unknown".into()),
            Self::Played(name) => name.clone(),
        }
    }

    /// What tells this process from all others: the boot of the machine, the world of process numbers that it sees
    /// (containers have their own), its number, and when it began. Empty where that cannot be known.
    pub fn process(&self) -> SmolStr {
        let here = || {
            let number = std::process::id();
            let (_, began) = state_of(number)?;
            Some(SmolStr::from(format!("{}/{number}/{began}", surroundings()?)))
        };
        match self {
            Self::Here => here().unwrap_or_default(),
            Self::Played(_) => SmolStr::default(),
        }
    }

    /// Whether a process is certainly gone. Of processes elsewhere nothing is certain.
    pub fn is_gone(&self, process: &str) -> bool {
        let gone = || {
            let (place, rest) = process.split_once('/')?;
            let (numbers, rest) = rest.split_once('/')?;
            let (number, began) = rest.split_once('/')?;
            if surroundings()? != format!("{place}/{numbers}") {
                return None;
            }
            let number: u32 = number.parse().ok()?;
            Some(match state_of(number) {
                // Another has its number by now, or nobody has asked yet how it ended.
                Some((state, since)) => since != began || matches!(state, 'Z' | 'X'),
                None => !Path::new(&format!("/proc/{number}")).exists(),
            })
        };
        match self {
            Self::Here => gone().unwrap_or(false),
            Self::Played(_) => false,
        }
    }
}

fn read(path: &str) -> Option<SmolStr> {
    Some(std::fs::read_to_string(path).ok()?.trim().into())
}

/// The boot, and the namespace of process numbers.
fn surroundings() -> Option<String> {
    let boot = read("/proc/sys/kernel/random/boot_id")?;
    let numbers = std::fs::read_link("/proc/self/ns/pid").ok()?;
    let digits: String = numbers.to_str()?.chars().filter(char::is_ascii_digit).collect();
    Some(format!("{boot}/{digits}"))
}

/// How a process stands, and when it began, in ticks since the boot.
fn state_of(number: u32) -> Option<(char, String)> {
    let text = std::fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
    // The name, in brackets, may hold anything.
    let (_, rest) = text.rsplit_once(") ")?;
    let mut words = rest.split(' ');
    let state = words.next()?.chars().next()?;
    // The 22nd of all, so the 20th of those behind the name.
    Some((state, words.nth(18)?.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{Machine, state_of, surroundings};

    #[test]
    fn only_a_process_of_this_machine_that_has_ended_is_gone() {
        let here = Machine::Here;
        let own = here.process();
        assert!(!own.is_empty() && !here.is_gone(&own), "{own}");
        let mut child = Command::new("sleep").arg("60").spawn().expect("there is sleep");
        let (_, began) = state_of(child.id()).expect("it lives");
        let place = surroundings().expect("on Linux");
        let of_child = format!("{place}/{}/{began}", child.id());
        assert!(!here.is_gone(&of_child));
        let namesake = format!("{place}/{}/1", child.id());
        assert!(here.is_gone(&namesake), "an earlier process of the same number");
        child.kill().expect("it lives");
        while state_of(child.id()).is_some_and(|(state, _)| state != 'Z') {
            std::thread::yield_now();
        }
        assert!(here.is_gone(&of_child), "killed, though nobody waited for it");
        child.wait().expect("it ended");
        assert!(here.is_gone(&of_child));
        let elsewhere = of_child.replacen(char::is_alphanumeric, "x", 1);
        for unknown in [elsewhere.as_str(), "", "a/b", "a/b/c/d/e"] {
            assert!(!here.is_gone(unknown), "{unknown}");
        }
        assert!(!Machine::Played("p".into()).is_gone(&of_child));
    }
}
