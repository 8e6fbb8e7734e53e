"""What the service answers: failures, faults and successes."""
