"""The interruption test, `make interrupt`: interrupts runs at random moments, and checks that later runs succeed."""
