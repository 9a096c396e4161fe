"""The sabotage test, `make sabotage`: fault injection into a lab, one fault at a time; the suite must detect each."""
