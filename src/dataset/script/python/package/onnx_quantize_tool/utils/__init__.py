"""Modules that scripts written for Knight import."""
