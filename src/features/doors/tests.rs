//! What goes out of a table comes back.
