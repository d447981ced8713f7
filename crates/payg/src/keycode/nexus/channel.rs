//! Commands of Nexus Channel that a controller takes by keypad: to link and unlink accessories such as a television with
//! a lock of its own. They travel as digits that are handed on (`factory::passthrough`, application 1).

use super::{check_digits, digits_of, obscure, text_of};
use crate::keycode::DeviceKey;

/// A command of the server to a controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Links the accessory with this key; `count` is how many commands the accessory has had.
    Link {
        /// The accessory's own key.
        accessory: DeviceKey,
        /// Its count of commands.
        count: u32,
    },
    /// Unlinks all accessories.
    UnlinkAll,
    /// Unlinks one accessory.
    Unlink {
        /// Its number: the authority's 16 bits and the device's 32.
        accessory: u64,
    },
}

/// The digits of a command for the controller with this key, which has had `count` commands.
pub fn encode(controller: &DeviceKey, count: u32, command: Command) -> String {
    let (mut digits, check) = plain(controller, count, command);
    let before = digits.len() - 6;
    obscure(&mut digits[..before], check, false);
    format!("81{}", text_of(&digits))
}

/// The digits before they are obscured.
pub fn plain_digits(controller: &DeviceKey, count: u32, command: Command) -> String {
    text_of(&plain(controller, count, command).0)
}

fn plain(controller: &DeviceKey, count: u32, command: Command) -> (Vec<u8>, u32) {
    let mut message = count.to_le_bytes().to_vec();
    let mut digits = match command {
        Command::Link { accessory, count } => {
            let challenge = check_digits(&accessory, &count.to_le_bytes());
            message.push(9);
            message.extend(challenge.to_le_bytes());
            let mut digits = vec![9];
            digits.extend(digits_of::<6>(u64::from(challenge)));
            digits
        }
        Command::UnlinkAll => {
            message.push(0);
            message.extend(0_u32.to_le_bytes());
            vec![0, 0, 0]
        }
        Command::Unlink { accessory } => {
            message.push(2);
            message.extend(&(accessory >> 32).to_le_bytes()[..2]);
            message.extend(&accessory.to_le_bytes()[..4]);
            // The last digit of the number of the device, which is its lower part.
            vec![2, ((accessory & u64::from(u32::MAX)) % 10) as u8]
        }
    };
    let check = check_digits(controller, &message);
    digits.extend(digits_of::<6>(u64::from(check)));
    (digits, check)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_those_of_the_specification() {
        let (accessory, controller) = (DeviceKey::new([0xAB; 16]), DeviceKey::new([0xCD; 16]));
        assert_eq!(encode(&controller, 5, Command::Link { accessory, count: 2 }), "817307500565772");
        assert_eq!(encode(&controller, 7, Command::UnlinkAll), "81002359281");
    }
}
