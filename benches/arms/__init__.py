"""Where a worker runs: a process, a checkout, an environment, a device."""
