"""How it is measured: workloads, workers, the schedule, the record, the statistics."""
