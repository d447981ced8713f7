//! Typed values of cases, `{"t": TYPE, "v": …}`, and their comparison with values of the product.
