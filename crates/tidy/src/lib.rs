//! Checks the rules of the house: arrows, homes of packages, paths in docs.
