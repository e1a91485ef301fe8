"""Invoices and contracts in, checked data out; what code finds doubtful goes to a person."""
