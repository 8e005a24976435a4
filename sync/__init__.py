"""The core of AMTS: sections and their translations in, plans and drafts out. It never imports `bot`."""
