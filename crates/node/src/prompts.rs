//! What `prompt()` says: instructions for language models that flows refer to by name.

/// The instructions of a name with the argument in them; `None` if there are none of this name.
pub(crate) fn fill(name: &str, argument: &str) -> Option<String> {
    match name {
        "categorize" => Some(format!(
            "Categorize the following text into one of the following categories and only return that category or \
             <CANT> if you can't: {argument}"
        )),
        _ => None,
    }
}
