"""How good the gate is: series recorded with known slowdowns, and gates drawn from them."""
