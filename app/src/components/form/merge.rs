//! Two changes of the same values become one, and nothing that was typed is lost.

use domain::form::{Draft, Field, Form};

/// What comes of two changes of the same thing.
pub struct Merged {
    /// Both, with `mine` where they differ.
    pub values: Draft,
    /// The fields that they changed.
    pub theirs: Vec<&'static Field>,
    /// Those of them that I changed too, to something else.
    pub both: Vec<&'static Field>,
}

/// Brings together what became of `base` in `mine` and in `theirs`.
pub fn merge(form: &'static Form, base: &Draft, mine: &Draft, theirs: &Draft) -> Merged {
    let mut merged = Merged {
        values: mine.clone(),
        theirs: Vec::new(),
        both: Vec::new(),
    };
    for field in form.fields {
        let [was, my, their] = [base, mine, theirs].map(|values| values.get(field.key));
        if their == was {
            continue;
        }
        merged.theirs.push(field);
        if my == was || my == their {
            match their {
                Some(value) => merged.values.set(field.key, value.clone()),
                None => {
                    merged.values.remove(field.key);
                }
            }
        } else {
            merged.both.push(field);
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use domain::autoscale::FORM;

    use super::*;

    #[test]
    fn both_changes_hold_and_mine_where_they_differ() {
        let base = Draft::new()
            .with("name", "Desks")
            .with("reusable", false)
            .with("sso_domain", "a")
            .with("minimum_available_sessions", 1);
        let mine = base
            .clone()
            .with("name", "My desks")
            .with("minimum_available_sessions", 5);
        let mut theirs = base
            .clone()
            .with("reusable", true)
            .with("minimum_available_sessions", 3);
        theirs.remove("sso_domain");
        let merged = merge(&FORM, &base, &mine, &theirs);
        let expected = Draft::new()
            .with("name", "My desks")
            .with("reusable", true)
            .with("minimum_available_sessions", 5);
        assert_eq!(merged.values, expected);
        let keys = |fields: &[&Field]| fields.iter().map(|field| field.key).collect::<Vec<_>>();
        assert_eq!(keys(&merged.theirs).len(), 3);
        assert_eq!(keys(&merged.both), ["minimum_available_sessions"]);
    }

    #[test]
    fn the_same_change_is_no_difference() {
        let base = Draft::new().with("name", "Desks");
        let changed = Draft::new().with("name", "Seats");
        let merged = merge(&FORM, &base, &changed, &changed);
        assert_eq!(merged.values, changed);
        assert!(merged.both.is_empty());
    }
}
