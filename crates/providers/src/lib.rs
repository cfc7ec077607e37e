//! Sources of machines behind one small trait, one folder a kind.
