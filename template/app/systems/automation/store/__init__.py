"""Customers and their orders, for those who have to know who writes."""
