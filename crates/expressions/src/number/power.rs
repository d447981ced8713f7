//! Powers, also with fractions as exponents.

use bigdecimal::num_bigint::BigInt;

use super::{DIVISION_PLACES, Number, OutOfRange, wide};

/// Largest exponent, and with a minus sign the smallest, that a power may have.
const MAX_POWER: i32 = 100;
/// Decimals carried while a fractional power is computed.
const WORKING_PLACES: u32 = 60;

impl Number {
    /// This number to the power of `exponent`, exact where it can be, otherwise rounded at 16 decimals. What has
    /// no real value (zero to the power of zero or less, a negative number to a fraction) is zero.
    ///
    /// # Errors
    /// [`OutOfRange`] if the exponent is beyond ±100 or the result has too many digits.
    pub fn power(self, exponent: Number) -> Result<Number, OutOfRange> {
        if exponent.absolute() > Number::from(MAX_POWER) {
            return Err(OutOfRange);
        }
        if self.is_zero() {
            return Ok(Number::ZERO);
        }
        let whole = exponent.to_i64().ok_or(OutOfRange)? as i32;
        let fraction = exponent.subtract(exponent.truncated())?;
        if fraction.is_zero() {
            return self.whole_power(whole);
        }
        if self.is_negative() {
            return Ok(Number::ZERO);
        }
        let logarithm = &natural_logarithm(self) * to_fixed(exponent) / one();
        from_fixed(exponential(&logarithm))
    }

    fn whole_power(self, exponent: i32) -> Result<Number, OutOfRange> {
        let times = exponent.unsigned_abs();
        let mantissa = BigInt::from(self.mantissa()).pow(times);
        let power = self.exponent() * times as i32;
        if exponent >= 0 {
            return wide::narrow(mantissa.clone(), power)
                .or_else(|_| wide::quotient(mantissa, power, BigInt::from(1), 0, DIVISION_PLACES));
        }
        wide::quotient(BigInt::from(1), 0, mantissa, power, DIVISION_PLACES)
    }
}

fn one() -> BigInt {
    BigInt::from(10u8).pow(WORKING_PLACES)
}

fn to_fixed(number: Number) -> BigInt {
    let places = WORKING_PLACES as i32 + number.exponent();
    let mantissa = BigInt::from(number.mantissa());
    if places >= 0 {
        mantissa * BigInt::from(10u8).pow(places as u32)
    } else {
        mantissa / BigInt::from(10u8).pow(places.unsigned_abs())
    }
}

fn from_fixed(fixed: BigInt) -> Result<Number, OutOfRange> {
    wide::quotient(fixed, -(WORKING_PLACES as i32), BigInt::from(1), 0, DIVISION_PLACES)
}

/// ln(x) = n·ln(10) + ln(m) with x = m·10^n and m in [1, 10); ln(m) after taking square roots until m is near 1.
fn natural_logarithm(number: Number) -> BigInt {
    let magnitude = super::digits(number.mantissa()) as i32 - 1 + number.exponent();
    let shift = number.exponent() - magnitude + WORKING_PLACES as i32;
    let mantissa = BigInt::from(number.mantissa());
    let leading = if shift >= 0 {
        mantissa * BigInt::from(10u8).pow(shift as u32)
    } else {
        mantissa / BigInt::from(10u8).pow(shift.unsigned_abs())
    };
    let ten = small_logarithm(one() * 10);
    small_logarithm(leading) + ten * magnitude
}

/// ln of a fixed-point number in [1, 10].
fn small_logarithm(mut fixed: BigInt) -> BigInt {
    /// Each square root halves the logarithm; after 8 of them it is below 0.01 and the series is short.
    const ROOTS: u32 = 8;
    let one = one();
    for _ in 0..ROOTS {
        fixed = (fixed * &one).sqrt();
    }
    // ln(m) = 2·artanh((m-1)/(m+1))
    let ratio = (&fixed - &one) * &one / (&fixed + &one);
    let square = &ratio * &ratio / &one;
    let (mut term, mut sum, mut divisor) = (ratio.clone(), BigInt::ZERO, 1u32);
    while term != BigInt::ZERO {
        sum += &term / divisor;
        term = &term * &square / &one;
        divisor += 2;
    }
    (sum * 2) << ROOTS as usize
}

/// e^x of a fixed-point number: the series for x/2^n, then squared n times.
fn exponential(fixed: &BigInt) -> BigInt {
    const HALVINGS: usize = 16;
    let one = one();
    let reduced = fixed >> HALVINGS;
    let (mut term, mut sum, mut factor) = (one.clone(), BigInt::ZERO, 1u32);
    while term != BigInt::ZERO && factor < 200 {
        sum += &term;
        term = &term * &reduced / &one / factor;
        factor += 1;
    }
    for _ in 0..HALVINGS {
        sum = &sum * &sum / &one;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers() {
        for (base, exponent, expected) in [
            ("3", "2", Some("9")),
            ("2", "32", Some("4294967296")),
            ("10", "0", Some("1")),
            ("9", "0.5", Some("3")),
            ("2", "0.5", Some("1.4142135623730950")),
            ("32", "0.2", Some("2")),
            ("2", "-2", Some("0.25")),
            ("3", "-1", Some("0.3333333333333333")),
            ("1.5", "3", Some("3.375")),
            ("-2", "3", Some("-8")),
            ("0", "0", Some("0")),
            ("2", "101", None),
            ("7", "99", None),
        ] {
            let number = |text| Number::parse(text).expect(text);
            let result = number(base).power(number(exponent)).ok();
            assert_eq!(result, expected.map(number), "{base} ^ {exponent}");
        }
        let hundred = Number::from(10).power(Number::from(100)).expect("in range");
        assert_eq!(hundred.to_string().len(), 101);
    }
}
