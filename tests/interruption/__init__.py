"""`make interrupt`: runs of a lab that are interrupted, and what the next run makes of what they leave."""
