"""Each prints a table. A package, since an installed one may have the same name."""
