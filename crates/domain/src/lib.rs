//! The words of Weir: ids, values, forms, state machines, snapshot and plan.
