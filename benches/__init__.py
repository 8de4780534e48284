"""How it is measured: workloads, workers, the schedule, the record, the statistics.

The parent of a run: `workloads` and their `sizes` and `teacher`; `session`, `schedule`, `arms`, `messages`; `sweeps`,
`starts`; the loop in C, `limit`; for pytest, `plugin` and the three `bench_*`.

In the worker, where jax is: `worker`, `measure`, `prepared`, `training`, `seeds`, `counts`, `ceilings`, `fingerprint`,
`survey`, `start_up`.

The record: `record`, `counted`, `record_file`.

What a run says: `pairing` and `stats`; `learning`, `totals`, `ladder`, `anatomy`, `targets`, `crossover`, `formulas`,
`source_lines`.

The gate on code: `question`, `gate`, `checkout`, `environment`, `offers`, `compare_arms`, `compare_counts`. On result
files: `result_files`, `compare_files`. On counts: `counting`, `golden`. For all: `policy`, `bands`, `power`, `verdict`.

The gate's own test: `recorder`, `series`, `injections`, `self_test`. Programs of their own: `overhead`, `counts_aa`.
"""
