//! Sums, products, quotients and rounding.

use super::{DIVISION_PLACES, MAX_DIGITS, Number, OutOfRange, POWERS_OF_TEN, wide};

/// How a number loses its decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rounding {
    /// Half away from zero.
    Nearest,
    /// Away from zero for positive, towards zero for negative numbers.
    Up,
    /// Towards zero for positive, away from zero for negative numbers.
    Down,
    /// Towards zero.
    Truncate,
}

/// Both mantissas at the smaller of the two exponents, if they fit.
pub(super) fn align(left: Number, right: Number) -> Option<(i128, i128, i32)> {
    let exponent = left.exponent().min(right.exponent());
    let scale = |number: Number| -> Option<i128> {
        let shift = (number.exponent() - exponent) as usize;
        if shift == 0 {
            return Some(number.mantissa());
        }
        number.mantissa().checked_mul(i128::try_from(*POWERS_OF_TEN.get(shift)?).ok()?)
    };
    Some((scale(left)?, scale(right)?, exponent))
}

impl Number {
    /// The sum.
    ///
    /// # Errors
    /// [`OutOfRange`] if it needs more digits than numbers may have; likewise below.
    #[expect(
        clippy::should_implement_trait,
        reason = "the operator traits cannot say that a sum is out of range"
    )]
    pub fn add(self, other: Number) -> Result<Number, OutOfRange> {
        if let Some((left, right, exponent)) = align(self, other)
            && let Some(sum) = left.checked_add(right)
        {
            return Number::new(sum, exponent);
        }
        wide::add(self, other)
    }

    /// The difference.
    pub fn subtract(self, other: Number) -> Result<Number, OutOfRange> {
        self.add(other.negate())
    }

    /// The product.
    pub fn multiply(self, other: Number) -> Result<Number, OutOfRange> {
        match self.mantissa().checked_mul(other.mantissa()) {
            Some(product) => Number::new(product, self.exponent() + other.exponent()),
            None => wide::multiply(self, other),
        }
    }

    /// The quotient, rounded half away from zero at 16 decimals; `None` if `other` is zero.
    pub fn divide(self, other: Number) -> Option<Result<Number, OutOfRange>> {
        if other.is_zero() {
            return None;
        }
        Some(wide::divide(self, other, DIVISION_PLACES))
    }

    /// What remains of the division, with the sign of the dividend; `None` if `other` is zero.
    pub fn remainder(self, other: Number) -> Option<Result<Number, OutOfRange>> {
        if other.is_zero() {
            return None;
        }
        Some(match align(self, other) {
            Some((left, right, exponent)) => Number::new(left % right, exponent),
            None => wide::remainder(self, other),
        })
    }

    /// The number with the other sign.
    pub fn negate(self) -> Number {
        Number::raw(-self.mantissa(), self.exponent)
    }

    /// The number without its sign.
    pub fn absolute(self) -> Number {
        if self.is_negative() { self.negate() } else { self }
    }

    /// Rounds at `places` decimals; with negative places at tens, hundreds and so on.
    pub(crate) fn rounded(self, places: i32, rounding: Rounding) -> Result<Number, OutOfRange> {
        let drop = -self.exponent() - places;
        if drop <= 0 || self.is_zero() {
            return Ok(self);
        }
        let mantissa = self.mantissa();
        let (quotient, rest, half) = if drop as u32 > MAX_DIGITS + 1 {
            (0, mantissa, false)
        } else {
            let power = POWERS_OF_TEN[drop as usize] as i128;
            let rest = mantissa % power;
            (mantissa / power, rest, rest.unsigned_abs() * 2 >= power.unsigned_abs())
        };
        let away = match rounding {
            Rounding::Nearest => half,
            Rounding::Up => rest > 0,
            Rounding::Down => rest < 0,
            Rounding::Truncate => false,
        };
        let step = if away { mantissa.signum() } else { 0 };
        Number::new(quotient + step, -places)
    }

    /// The number without its fraction.
    pub fn truncated(self) -> Number {
        self.rounded(0, Rounding::Truncate).unwrap_or(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        Number::parse(text).expect(text)
    }

    #[test]
    fn sums_and_products() {
        for (left, operator, right, expected) in [
            ("0.1", '+', "0.2", "0.3"),
            ("1", '-', "2.5", "-1.5"),
            ("2.5", '*', "4", "10"),
            ("123456789012345678", '*', "1000000000000000000", "123456789012345678000000000000000000"),
            ("1", '/', "3", "0.3333333333333333"),
            ("2", '/', "3", "0.6666666666666667"),
            ("-2", '/', "3", "-0.6666666666666667"),
            ("10", '/', "4", "2.5"),
            ("7", '%', "3", "1"),
            ("-7", '%', "3", "-1"),
            ("5.5", '%', "2", "1.5"),
        ] {
            let (a, b) = (number(left), number(right));
            let result = match operator {
                '+' => a.add(b),
                '-' => a.subtract(b),
                '*' => a.multiply(b),
                '/' => a.divide(b).expect("not zero"),
                _ => a.remainder(b).expect("not zero"),
            };
            assert_eq!(result, Ok(number(expected)), "{left} {operator} {right}");
        }
        assert!(number("999999999999999999999").multiply(number("999999999999999999999")).is_err());
        assert!(number("1").divide(Number::ZERO).is_none());
    }

    #[test]
    fn rounding() {
        for (text, places, rounding, expected) in [
            ("2.5", 0, Rounding::Nearest, "3"),
            ("-2.5", 0, Rounding::Nearest, "-3"),
            ("2.449", 1, Rounding::Nearest, "2.4"),
            ("2.01", 0, Rounding::Up, "3"),
            ("-2.01", 0, Rounding::Up, "-2"),
            ("2.99", 0, Rounding::Down, "2"),
            ("-2.01", 0, Rounding::Down, "-3"),
            ("1234", -2, Rounding::Nearest, "1200"),
            ("0.00000000000000000000000000000000000000000001", 0, Rounding::Nearest, "0"),
        ] {
            assert_eq!(number(text).rounded(places, rounding), Ok(number(expected)), "{text} {places}");
        }
    }
}
