"""squire's half in the user's interpreter. Needs nothing but the standard library; numpy where the script has it."""
