"""The words of the page, one meaning each."""

GLOSSARY = (
    ("trainer", "A way of writing the training of a network: what is compared."),
    ("workload", "Task, data, order of batches, starting values and number of steps: what is trained."),
    ("device", "What the steps ran on."),
    ("mode", "How steps are called: step, one call each in a loop; scan, many in one call; eager, without jit."),
    ("dispatch floor", "What an empty compiled call on the same arrays takes: no step of that trainer can take less."),
    ("C loop", "The same training in plain C, compiled on the same machine: what the processor itself can do."),
    ("cell", "A trainer on a workload, on a device, in a mode: the unit that is measured."),
    ("arm", "One side of a comparison: an interpreter, a checkout, environment variables."),
    ("restart", "A fresh process; the number of restarts is the n of every interval."),
    ("block", "A timed run of many steps."),
    ("round", "One block of every cell, in a fresh random order."),
    ("reference", "The trainer to whose time per step the others' is put in relation."),
    ("parity", "The certificate that two trainers computed the same losses; without it there is no ratio."),
    ("tie", "A ratio whose whole interval lies inside the margin: no difference of practical account."),
    ("undecided", "A ratio whose interval contains 1 and reaches out of the margin: this run cannot tell."),
    ("void", "A block in which something compiled, moved or changed device; it does not count."),
    ("first call", "From the call to the first result: tracing, lowering, compiling, and the first step."),
    ("break-even", "The step from which on a cell is ahead of the reference, compile time included."),
)
