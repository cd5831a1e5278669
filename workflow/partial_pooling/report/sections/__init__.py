"""The report's sections: a file a section, with its words; the page's order is in `page`."""
