//! The slow way: arithmetic whose intermediate values do not fit 128 bits.

use std::cmp::Ordering;

use bigdecimal::num_bigint::BigInt;

use super::{Number, OutOfRange};

fn power_of_ten(exponent: u32) -> BigInt {
    BigInt::from(10u8).pow(exponent)
}

/// Both mantissas at the smaller of the two exponents.
fn align(left: Number, right: Number) -> (BigInt, BigInt, i32) {
    let exponent = left.exponent().min(right.exponent());
    let scale = |number: Number| {
        BigInt::from(number.mantissa()) * power_of_ten((number.exponent() - exponent) as u32)
    };
    (scale(left), scale(right), exponent)
}

/// A number from a big mantissa, if it is in range once trailing zeros are gone.
pub(super) fn narrow(mantissa: BigInt, exponent: i32) -> Result<Number, OutOfRange> {
    let (mut mantissa, mut exponent) = (mantissa, exponent);
    let ten = BigInt::from(10u8);
    loop {
        if let Ok(small) = i128::try_from(&mantissa) {
            return Number::new(small, exponent);
        }
        let (quotient, rest) = (&mantissa / &ten, &mantissa % &ten);
        if rest != BigInt::ZERO {
            return Err(OutOfRange);
        }
        mantissa = quotient;
        exponent += 1;
    }
}

pub(super) fn compare(left: Number, right: Number) -> Ordering {
    let (left, right, _) = align(left, right);
    left.cmp(&right)
}

pub(super) fn add(left: Number, right: Number) -> Result<Number, OutOfRange> {
    let (left, right, exponent) = align(left, right);
    narrow(left + right, exponent)
}

pub(super) fn multiply(left: Number, right: Number) -> Result<Number, OutOfRange> {
    narrow(BigInt::from(left.mantissa()) * right.mantissa(), left.exponent() + right.exponent())
}

/// The remainder with the sign of the dividend.
pub(super) fn remainder(left: Number, right: Number) -> Result<Number, OutOfRange> {
    let (left, right, exponent) = align(left, right);
    narrow(left % right, exponent)
}

/// `left / right` rounded half away from zero at `places` decimals. `right` is not zero.
pub(super) fn divide(left: Number, right: Number, places: i32) -> Result<Number, OutOfRange> {
    quotient(
        BigInt::from(left.mantissa()),
        left.exponent(),
        BigInt::from(right.mantissa()),
        right.exponent(),
        places,
    )
}

/// As [`divide`], of mantissas with their exponents.
pub(super) fn quotient(
    mut dividend: BigInt,
    dividend_exponent: i32,
    mut divisor: BigInt,
    divisor_exponent: i32,
    places: i32,
) -> Result<Number, OutOfRange> {
    let shift = dividend_exponent - divisor_exponent + places;
    if shift >= 0 {
        dividend *= power_of_ten(shift as u32);
    } else {
        divisor *= power_of_ten(shift.unsigned_abs());
    }
    let (quotient, rest) = (&dividend / &divisor, &dividend % &divisor);
    let twice: BigInt = rest * 2;
    let away = twice.magnitude() >= divisor.magnitude();
    let step = if (dividend < BigInt::ZERO) == (divisor < BigInt::ZERO) { 1 } else { -1 };
    narrow(if away { quotient + step } else { quotient }, -places)
}
