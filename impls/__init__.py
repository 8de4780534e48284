"""What is compared: the protocol of a trainer, the task it trains, and the trainers themselves."""
