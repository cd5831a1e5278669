"""Many tables, few fits each: what is kept of them, and where."""
