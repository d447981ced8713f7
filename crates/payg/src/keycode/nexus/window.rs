//! Which numbers of messages a device still takes, and which it has taken.

/// How far behind the highest number that a device took it still takes others.
pub const BEHIND: u32 = 23;

/// How far ahead of it a device looks. Both together are 64 numbers, so that six bits say which one is meant.
pub const AHEAD: u32 = 40;

/// Where a new device stands: all of its window is from 0 on.
pub const FIRST_CENTRE: u32 = 23;

/// All 24 numbers of the part behind.
const ALL: u32 = (1 << (BEHIND + 1)) - 1;

/// The numbers around the highest that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    centre: u32,
    /// Bit k stands for the number `centre - k`.
    used: u32,
}

impl Window {
    /// A window in which nothing was taken.
    pub const fn new() -> Self {
        Self { centre: FIRST_CENTRE, used: 0 }
    }

    /// A window that stands at `centre` with these numbers taken.
    pub fn of(centre: u32, used: impl IntoIterator<Item = u32>) -> Self {
        let bit = |id: u32| centre.checked_sub(id).filter(|back| *back <= BEHIND).map_or(0, |back| 1 << back);
        Self { centre, used: used.into_iter().map(bit).fold(0, |all, bit| all | bit) }
    }

    /// The highest number that was taken, or 23.
    pub fn centre(&self) -> u32 {
        self.centre
    }

    /// The numbers of the part behind that were taken, from low to high.
    pub fn used(&self) -> Vec<u32> {
        (0..=BEHIND)
            .rev()
            .filter(|back| self.used >> back & 1 == 1)
            .filter_map(|back| self.centre.checked_sub(back))
            .collect()
    }

    /// The one number of the window whose lowest six bits are these.
    pub fn number(&self, low: u32) -> u32 {
        let first = self.centre.saturating_sub(BEHIND);
        first + (low.wrapping_sub(first) & 63)
    }

    /// All numbers of the window.
    pub fn numbers(&self) -> impl Iterator<Item = u32> + use<> {
        self.centre.saturating_sub(BEHIND)..=self.centre.saturating_add(AHEAD)
    }

    /// Whether a number was taken.
    pub fn is_used(&self, id: u32) -> bool {
        self.centre.checked_sub(id).is_some_and(|back| back > BEHIND || self.used >> back & 1 == 1)
    }

    /// Takes one number.
    pub fn take(&mut self, id: u32) {
        match id.checked_sub(self.centre) {
            Some(ahead) if ahead > 0 => {
                self.used = self.used.checked_shl(ahead).unwrap_or(0) & ALL | 1;
                self.centre = id;
            }
            _ => self.used |= 1 << (self.centre - id).min(BEHIND),
        }
    }

    /// Takes a number and all before it.
    pub fn take_all_until(&mut self, id: u32) {
        let back = self.centre.saturating_sub(id).min(BEHIND);
        self.centre = self.centre.max(id);
        self.used |= ALL & (ALL << back);
    }
}

impl Default for Window {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_bits_say_which_number_is_meant() {
        for centre in [23, 24, 63, 64, 1000] {
            let window = Window::of(centre, []);
            for id in window.numbers() {
                assert_eq!(window.number(id & 63), id, "{centre}");
            }
        }
    }

    #[test]
    fn taking_moves_the_window() {
        let mut window = Window::new();
        window.take(1);
        window.take(25);
        assert_eq!((window.centre(), window.used()), (25, vec![25]));
        assert!(window.is_used(1) && !window.is_used(2));
        window.take(3);
        window.take_all_until(4);
        assert_eq!(window.used(), [2, 3, 4, 25]);
        window.take(80);
        assert_eq!(window.used(), [80]);
        window.take_all_until(81);
        assert_eq!(window.used().len(), 24);
    }
}
