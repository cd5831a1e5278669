"""Sections of the report, a file each; `report.page` has their order."""
